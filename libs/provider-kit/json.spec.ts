import { describe, expect, it } from '@jest/globals';
import { at, idAt, listAt, nameAt, parseJson, textAt, timeOf, urlAt } from './json.js';

const ODD = [undefined, null, 7, true, [], {}, '', ' '];

describe('JSON that nobody vouches for', () => {
  it('is read along a path, as far as there is one', () => {
    const answer = { meta: { sender: { id: 5 } } };
    expect(at(answer, 'meta', 'sender', 'id')).toBe(5);
    for (const path of [
      ['nothing', 'id'],
      ['meta', 'sender', 'id', 'more'],
      ['constructor', 'name', 'x'],
    ])
      expect(at(answer, ...path)).toBeUndefined();
    for (const value of ODD) expect(at(value, 'a')).toBeUndefined();
  });

  it('gives lists of objects, texts that a database takes, and nothing in place of anything else', () => {
    expect(listAt({ list: [{ a: 1 }, null, 'x', [], { b: 2 }] }, 'list')).toEqual([{ a: 1 }, { b: 2 }]);
    expect(textAt({ text: ' a\0\uD800 ' }, 'text')).toBe(' a\uFFFD\uFFFD ');
    for (const value of ODD) {
      expect([listAt({ value }, 'value'), textAt({ value }, 'value')]).toEqual([[], null]);
      expect([nameAt({ value }, 'value'), urlAt({ value }, 'value')]).toEqual([null, null]);
    }
  });

  it('gives ids as texts, whether they are texts or numbers, and no id that is too long to be one', () => {
    expect([idAt(57), idAt(' c-1 '), idAt({ id: 0 }, 'id'), idAt('x'.repeat(255))]).toEqual([
      '57',
      'c-1',
      '0',
      'x'.repeat(255),
    ]);
    for (const value of [undefined, null, true, [], {}, '', ' ', 'x'.repeat(256)]) expect(idAt(value)).toBeNull();
  });

  it('gives names of a bounded length, and only addresses of the web', () => {
    expect(nameAt(` ${'🙂'.repeat(200)} `)).toBe('🙂'.repeat(127) + '\uFFFD');
    expect(urlAt('https://a.example/x')).toBe('https://a.example/x');
    for (const url of ['javascript:alert(1)', 'file:///etc/passwd', 'no url']) expect(urlAt(url)).toBeNull();
  });

  it('is undefined where it is none', () => {
    expect([parseJson('{"a":1}'), parseJson(Buffer.from('null')), parseJson('<html>')]).toEqual([{ a: 1 }, null, undefined]); // prettier-ignore
  });

  it.each<[unknown, 1 | 1_000, number | null]>([
    ['2026-01-31T12:00:00.250Z', 1, Date.UTC(2026, 0, 31, 12, 0, 0, 250)],
    ['2026-01-31T13:00:00+01:00', 1_000, Date.UTC(2026, 0, 31, 12)],
    [1_769_860_800_000.4, 1, 1_769_860_800_000],
    [1_769_860_800, 1_000, 1_769_860_800_000],
    [0, 1, 0],
    [-1, 1_000, null],
    ['9999-12-31T23:59:59.999Z', 1, Date.UTC(10_000, 0) - 1],
    ['9999-12-31T23:59:59-12:00', 1, null],
    ['1969-12-31T23:59:59Z', 1, null],
    [253_402_300_800, 1_000, null],
    [8.64e15, 1, null],
    [Infinity, 1_000, null],
    ['soon', 1, null],
    [null, 1, null],
    [[1], 1, null],
  ])('takes %p, in units of %i ms, for the time %p', (value, unitMs, time) => {
    expect(timeOf(value, unitMs)).toBe(time);
  });
});
