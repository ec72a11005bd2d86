import { describe, expect, it } from '@jest/globals';
import { escapeHtml, htmlToText, linkToHtml, MAX_HTML, textToHtml } from './html.js';

describe('HTML as text', () => {
  it.each([
    ['words', 'words'],
    ['<p>one</p><p>two</p>', 'one\n\ntwo'],
    ['one<br>two<br/>three<BR />four', 'one\ntwo\nthree\nfour'],
    ['one<br><br>two', 'one\n\ntwo'],
    ['<div>one</div><div>two</div>', 'one\ntwo'],
    ['<p>Hello <b>big</b>\n   <i>world</i>!</p>', 'Hello big world!'],
    ['a<b>b</b>c', 'abc'],
    ['<ul><li>one</li><li>two</li></ul>', '- one\n- two'],
    ['<ol><li>one</li><li>two</li></ol>after', '1. one\n2. two\nafter'],
    ['<ul><li>one<ul><li>deep</li></ul></li><li>two</li></ul>', '- one\n  - deep\n- two'],
    ['<a href="https://example.com/a?b=1&amp;c=2">here</a>', 'here (https://example.com/a?b=1&c=2)'],
    ['<a href="https://example.com">https://example.com</a>', 'https://example.com'],
    ['<a href="https://example.com/">example.com</a>', 'example.com'],
    ['<a href="mailto:ann@example.com">ann@example.com</a>', 'ann@example.com'],
    [
      "<a href='https://example.com'>x</a>, <a href=https://example.org>y</a>",
      'x (https://example.com), y (https://example.org)',
    ],
    ['<a href="javascript:alert(1)">click</a>', 'click'],
    ['<a href="https://example.com"></a>', 'https://example.com'],
    ['<img src="x.png" alt="A &quot;cat&quot;">', 'A "cat"'],
    ['&lt;b&gt; &amp;amp; &amp;lt; &quot;x&quot; &#39;y&#x27;', '<b> &amp; &lt; "x" \'y\''],
    ['Gr&uuml;&szlig;e &euro; &#8364; &#128; &#128578; &hellip;', 'Grüße € € € 🙂 …'],
    ['&unknown; &#0; &#xD800; &#99999999; & &; AT&T', '&unknown; \uFFFD \uFFFD \uFFFD & &; AT&T'],
    ['&constructor; &__proto__;', '&constructor; &__proto__;'],
    ['one&nbsp;two', 'one two'],
    ['<pre>  a\n    b</pre>', 'a\n    b'],
    ['<style>p { color: red }</style><script>if (1 < 2) alert("</p>")</script>seen', 'seen'],
    ['<!-- not <b>seen</b> -->seen<!-- nor this', 'seen'],
    ['1 < 2 and 3 > 2, <3', '1 < 2 and 3 > 2, <3'],
    ['<b title="a > b">bold</b>', 'bold'],
    ['unclosed <b class="x', 'unclosed'],
    ['<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>', 'a b\nc'],
    ['<blockquote>said</blockquote>answer', 'said\nanswer'],
    ['<h1>Title</h1>text', 'Title\n\ntext'],
    ['👋 <p>مرحبا</p>', '👋\n\nمرحبا'],
    ['', ''],
    ['<p></p><br><div> </div>', ''],
    ['<?xml version="1.0"?><!DOCTYPE html><html><head><title>t</title></head><body>b</body></html>', 'b'],
  ])('%j is %j', (html, text) => {
    expect(htmlToText(html)).toBe(text);
  });

  const HOSTILE: [string, string][] = [
    ['<', '<'],
    ['<a', '<a'],
    ['<a ', '<a '],
    ['<a href="', '<a href="'],
    ['<a href=x>', '<a href=x>'],
    ['<!--', '<!--'],
    ['<ul><li>', '<ul><li>'],
    ['&', '&'],
    ['&#', '&#'],
    ['a = ', 'a = '],
    ['<b x=\'"', '<b x=\'"'],
    [' \n', ' \n'],
    ['<br>', '<br>'],
    ['<p>', '<p>'],
    ['<script>', '<script>'],
    ['</a>', '</a>'],
    ['&nbsp;', '&nbsp;'],
  ];
  it.each(HOSTILE)('a great many %j take time in proportion to their length', (piece) => {
    const time = (length: number): number => {
      const html = piece.repeat(Math.ceil(length / piece.length)).slice(0, length);
      const before = process.cpuUsage();
      htmlToText(html);
      const { user, system } = process.cpuUsage(before);
      return user + system;
    };
    time(50_000);
    // Twenty times as long. Were the time its square, it would be 400 times, and minutes at that.
    expect(time(MAX_HTML)).toBeLessThan(Math.max(1_000_000, 100 * time(MAX_HTML / 20)));
  });

  it('reads no more than so much', () => {
    expect(htmlToText('x'.repeat(MAX_HTML + 1_000))).toHaveLength(MAX_HTML);
  });
});

describe('text as HTML', () => {
  it.each(['<b>a</b> & "c" \'d\'', 'one\ntwo\n\nthree', '&amp; &lt;', '👋 שלום', '<script>alert(1)</script>'])(
    '%j is read again as it was',
    (text) => {
      expect(htmlToText(textToHtml(text))).toBe(text);
    },
  );

  it('escapes what means something in content and attributes, and breaks lines', () => {
    expect(textToHtml('a < b\r\n"c" & \'d\'')).toBe('a &lt; b<br>&quot;c&quot; &amp; &#39;d&#39;');
    expect(escapeHtml('a\nb')).toBe('a\nb');
  });

  it('links to addresses only that a person can follow', () => {
    expect(linkToHtml('https://example.com/?a=1&b="2"', 'x < y')).toBe(
      '<a href="https://example.com/?a=1&amp;b=&quot;2&quot;">x &lt; y</a>',
    );
    expect(linkToHtml('javascript:alert(1)', 'click')).toBe('click');
    expect(linkToHtml('not an address')).toBe('not an address');
  });
});
