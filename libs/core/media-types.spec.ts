import { describe, expect, it } from '@jest/globals';
import { filenameOf, isWelcome, mediaTypeOf } from './media-types.js';

describe('mediaTypeOf', () => {
  it('is what the sender says, without parameters', () => {
    expect(mediaTypeOf('Image/PNG; name=x', 'a.pdf')).toBe('image/png');
  });

  it('is told by the name where the sender says nothing of use', () => {
    for (const said of [
      null,
      '',
      'application/octet-stream',
      'binary/octet-stream',
      'nonsense',
      'a/b\r\nx: y',
      'text/plän',
    ])
      expect(mediaTypeOf(said, 'Photo.JPG')).toBe('image/jpeg');
    expect(mediaTypeOf(null, 'what')).toBe('application/octet-stream');
  });
});

describe('isWelcome', () => {
  it('takes a type by its name or its kind, and all where none is listed', () => {
    const types = ['image/*', 'application/pdf'];
    expect(['image/png', 'application/pdf'].every((type) => isWelcome(type, types))).toBe(true);
    expect(['imagex/png', 'application/pdfx', 'text/plain'].some((type) => isWelcome(type, types))).toBe(false);
    expect(isWelcome('text/plain', null)).toBe(true);
    expect(isWelcome('text/plain', [])).toBe(false);
  });
});

describe('filenameOf', () => {
  it.each([
    ['/etc/passwd', 'passwd'],
    ['C:\\temp\\a.txt', 'a.txt'],
    ['a\0b\r\n.txt', 'ab.txt'],
    ['photo\u202egpj.exe', 'photogpj.exe'],
    ['Größe 📎.pdf', 'Größe 📎.pdf'],
    ['half \ud83d.pdf', 'half \ufffd.pdf'],
    ['..', 'file'],
    ['  ', 'file'],
    [undefined, 'file'],
  ])('makes of %j %j', (given, name) => expect(filenameOf(given)).toBe(name));

  it('cuts a long name and keeps its extension', () => {
    const name = filenameOf(`${'x'.repeat(300)}.pdf`);
    expect(name).toHaveLength(255);
    expect(name.endsWith('x.pdf')).toBe(true);
  });
});
