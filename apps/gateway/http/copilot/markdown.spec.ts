import { describe, expect, it } from '@jest/globals';

type Part = string | { type: string; url?: string; within: Part[] };
type Block = { type: string; level?: number; text?: string; lines?: Part[][] };

// The page's own script, as the browser gets it.
const { parseMarkdown, parseInline } = (await import(new URL('./page/markdown.js', import.meta.url).href)) as {
  parseMarkdown(text: string): Block[];
  parseInline(line: string): Part[];
};
const { webAddress } = (await import(new URL('./page/dom.js', import.meta.url).href)) as {
  webAddress(text: unknown): string | null;
};

describe('the Markdown of tiles', () => {
  it('knows paragraphs, headings, lists, quotes and code', () => {
    const text =
      '# Title\nfirst\nsecond\n\n- a\n* b\n1. one\n2) two\n> said\n> twice\n\n```js\n# no *title*\n```\nlast\n```\nopen';
    expect(parseMarkdown(text)).toEqual([
      { type: 'heading', level: 1, lines: [['Title']] },
      { type: 'paragraph', lines: [['first'], ['second']] },
      { type: 'bullets', lines: [['a'], ['b']] },
      { type: 'numbers', lines: [['one'], ['two']] },
      { type: 'quote', lines: [['said'], ['twice']] },
      { type: 'code', text: '# no *title*' },
      { type: 'paragraph', lines: [['last']] },
      { type: 'code', text: 'open' },
    ]);
    expect(parseMarkdown(' \r\n\r\n')).toEqual([]);
  });

  it('knows emphasis, code and links within a line', () => {
    expect(parseInline('a **b _c_** `d*e*` [f *g*](https://h.example/i_j_k)!')).toEqual([
      'a ',
      { type: 'strong', within: ['b ', { type: 'em', within: ['c'] }] },
      ' ',
      { type: 'code', within: ['d*e*'] },
      ' ',
      { type: 'link', url: 'https://h.example/i_j_k', within: ['f ', { type: 'em', within: ['g'] }] },
      '!',
    ]);
  });

  it.each([
    ['https://en.wikipedia.org/wiki/A_(b)', 'https://en.wikipedia.org/wiki/A_(b)'],
    ['a(b(c)d)(e)', 'a(b(c)d)(e)'],
    ['a\\)b', 'a)b'],
    [' a() ', 'a()'],
  ])('takes pairs of parentheses, and those after a backslash, for parts of the address %s', (address, url) => {
    expect(parseInline(`x [w](${address}) end`)).toEqual(['x ', { type: 'link', url, within: ['w'] }, ' end']);
  });

  it('finds a link behind one whose parentheses do not pair', () => {
    expect(parseInline('[v](a(b [w](c)')).toEqual(['[v](a(b ', { type: 'link', url: 'c', within: ['w'] }]);
  });

  it.each([
    '2 * 3 * 4',
    'snake_case_name',
    '**open',
    '[x] (y)',
    '[a](b c)',
    '[a](b(c)',
    '<b>x</b> &amp;',
    '![x',
    '_',
    '****',
  ])('leaves %s as it is', (line) => {
    expect(parseInline(line)).toEqual([line]);
  });

  it('takes marks after a backslash for text', () => {
    expect(parseInline('\\*a\\* \\[b\\](c) \\d')).toEqual(['*a* [b](c) \\d']);
  });

  it.each(['*', '**a ', '[', '[](', '[a](b c', '[a](b()', '`', '_a*', '> ', '```\n', '- [x](', '\\'])(
    'is done with 32 KiB of %j in no time',
    (part) => {
      const begun = performance.now();
      parseMarkdown(part.repeat(32_768 / part.length));
      parseMarkdown('['.repeat(16_384) + '](' + part.repeat(16_384 / part.length));
      expect(performance.now() - begun).toBeLessThan(2_000);
    },
  );
});

describe('an address that may be opened', () => {
  it.each(['https://a.example/b?c#d', 'http://a.example/', 'HTTPS://A.example'])('is %s', (address) => {
    expect(webAddress(address)).toBe(new URL(address).href);
  });

  it.each([
    'javascript:alert(1)', 'JaVaScRiPt:alert(1)', ' javascript:alert(1)', 'java\nscript:alert(1)', 'data:text/html,x', 'vbscript:x',
    'blob:https://a.example/x', 'file:///etc/passwd', '/relative', '//a.example', 'https://bank@evil.example', 'https://', '', null, 7,
  ])('is not %j', (address) => {
    expect(webAddress(address)).toBeNull();
  }); // prettier-ignore
});
