import { describe, expect, it } from '@jest/globals';
import { encodedFilename } from './form-filename.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');

describe('the name of a file in a form', () => {
  it.each([
    [
      'as .NET sends it',
      `form-data; name="file"; filename="=?utf-8?B?${base64('Übersicht.pdf')}?="; filename*=utf-8''%C3%9Cbersicht.pdf`,
      'Übersicht.pdf',
    ],
    [
      'as an encoded word without quotes',
      `form-data; name=file; filename==?utf-8?B?${base64('Übersicht.pdf')}?=`,
      'Übersicht.pdf',
    ],
    ['in Q encoding', 'form-data; name="file"; filename="=?UTF-8?Q?=C3=9Cber_sicht.pdf?="', 'Über sicht.pdf'],
    [
      'in Q encoding of another charset',
      'form-data; name="file"; filename="=?iso-8859-1?q?=DCbersicht.pdf?="',
      'Übersicht.pdf',
    ],
    ['in a charset of Japan', 'form-data; name="file"; filename="=?ISO-2022-JP?B?GyRCRnxLXBsoQi5wZGY=?="', '日本.pdf'],
    [
      'in words that are split by blanks',
      `form-data; name="file"; filename="=?utf-8?B?${base64('日')}?= =?utf-8?B?${base64('本.pdf')}?="`,
      '日本.pdf',
    ],
    [
      'in words that break within a character',
      'form-data; name="file"; filename="=?utf-8?Q?=C3?= =?utf-8?Q?=9C.pdf?="',
      'Ü.pdf',
    ],
    ['in words and plainly', 'form-data; name="file"; filename="a =?utf-8?Q?=C3=9C?= b.pdf"', 'a Ü b.pdf'],
    ['with a language', 'form-data; name="file"; filename="=?utf-8*de?Q?=C3=9C.pdf?="', 'Ü.pdf'],
    ['extended, in Latin 1', 'form-data; name="file"; filename="x"; filename*=ISO-8859-1\'de\'%DC.pdf', 'Ü.pdf'],
    [
      'extended, before the plain one',
      'form-data; name="file"; filename*=UTF-8\'\'%e2%82%ac.pdf; filename="EUR.pdf"',
      '€.pdf',
    ],
    ['extended, in quotes', 'form-data; name="file"; filename*="utf-8\'\'%C3%9C.pdf"', 'Ü.pdf'],
    ['in pieces', 'form-data; name="file"; filename*0*=UTF-8\'\'%C3%9Cber; filename*1=" 100%.pdf"', 'Über 100%.pdf'],
    ['in plain pieces', 'form-data; name="file"; filename*0="long "; filename*1="name.pdf"', 'long name.pdf'],
  ])('is read %s', (_, disposition, name) => {
    expect(encodedFilename(disposition)).toBe(name);
  });

  it.each([
    ['plain', 'form-data; name="file"; filename="plain.pdf"'],
    ['none', 'form-data; name="file"'],
    ['a question', 'form-data; name="file"; filename="=?what?.pdf"'],
    ['of a charset that nobody knows', 'form-data; name="file"; filename="=?x-none?B?YQ==?="'],
    ['extended wrongly', 'form-data; name="file"; filename="a.pdf"; filename*=nonsense'],
  ])('is left as it is where it is %s', (_, disposition) => {
    expect(encodedFilename(disposition)).toBeUndefined();
  });
});
