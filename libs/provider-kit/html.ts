/** Longest HTML that is read, in UTF-16 code units; the rest is cut off. */
export const MAX_HTML = 500_000;

const NAMED: Record<string, string> = {
  amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', ensp: ' ', emsp: ' ', thinsp: ' ', shy: '', zwnj: '\u200c', zwj: '\u200d',
  copy: '©', reg: '®', trade: '™', hellip: '…', ndash: '–', mdash: '—', bull: '•', middot: '·', sect: '§', para: '¶', deg: '°',
  lsquo: '‘', rsquo: '’', sbquo: '‚', ldquo: '“', rdquo: '”', bdquo: '„', laquo: '«', raquo: '»', euro: '€', pound: '£', yen: '¥', cent: '¢',
  times: '×', divide: '÷', plusmn: '±', frac12: '½', frac14: '¼', frac34: '¾', larr: '←', rarr: '→', uarr: '↑', darr: '↓',
  auml: 'ä', ouml: 'ö', uuml: 'ü', Auml: 'Ä', Ouml: 'Ö', Uuml: 'Ü', szlig: 'ß', eacute: 'é', egrave: 'è', ecirc: 'ê', Eacute: 'É',
  agrave: 'à', aacute: 'á', acirc: 'â', aring: 'å', Aring: 'Å', aelig: 'æ', oslash: 'ø', ccedil: 'ç', ntilde: 'ñ', iacute: 'í', oacute: 'ó',
  ograve: 'ò', ocirc: 'ô', uacute: 'ú', ugrave: 'ù', ucirc: 'û', igrave: 'ì', icirc: 'î', iuml: 'ï', iexcl: '¡', iquest: '¿',
}; // prettier-ignore
/** What browsers read in place of the numbers of the C1 controls: those of Windows-1252. HTML standard, numeric character references. */
const WINDOWS = '€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008dŽ\u008f\u0090‘’“”•–—˜™š›œ\u009džŸ';

/** Between two of these is a line of its own, and around these also an empty one. */
const LINES = new Set('address article aside blockquote dd div dl dt fieldset figcaption figure footer form header hr li main nav ol pre section table tr ul'.split(' ')); // prettier-ignore
const PARAGRAPHS = new Set('p h1 h2 h3 h4 h5 h6'.split(' '));
/** Nobody sees what is in these. */
const HIDDEN = new Set('script style title noscript iframe textarea template head object select svg math'.split(' '));
/** Of these all is text until they end, whatever looks like a tag in it. */
const RAW = new Set('script style title noscript iframe textarea'.split(' '));

const LETTER = /[a-z]/i;

/**
 * The text that a person would read in a browser: line breaks and paragraphs, `- ` or `1. ` before what is in a list, a link's address in
 * brackets behind its words where they differ, the `alt` of an image; entities decoded once. What is hidden is left out, and so are comments.
 * It reads any text in one pass, well-formed or not, and makes no HTML: escape what it returns where it goes into a page. Of more than
 * 500,000 UTF-16 code units the first ones are read.
 */
export function htmlToText(html: string): string {
  const reader = new Reader();
  const all = html.length > MAX_HTML ? html.slice(0, MAX_HTML).toWellFormed() : html;
  let at = 0;
  while (at < all.length) {
    const open = all.indexOf('<', at);
    if (open < 0) break;
    const next = all[open + 1] ?? '';
    if (all.startsWith('<!--', open)) {
      reader.text(all.slice(at, open));
      const end = all.indexOf('-->', open + 4);
      at = end < 0 ? all.length : end + 3;
    } else if (LETTER.test(next) || ((next === '/' || next === '!' || next === '?') && open + 2 < all.length)) {
      reader.text(all.slice(at, open));
      at = endOfTag(all, open + 1);
      const raw = reader.tag(all.slice(open + 1, at - 1));
      if (raw !== null) at = endOfRaw(all, at, raw);
    } else {
      reader.text(all.slice(at, open + 1));
      at = open + 1;
    }
  }
  reader.text(all.slice(at));
  return reader.result();
}

/** Text as HTML that shows just that text: what means something in HTML is escaped, and line breaks are `<br>`. */
export function textToHtml(text: string): string {
  return escapeHtml(text).replaceAll(/\r\n|\r|\n/g, '<br>');
}

/** Text for HTML, in its content and in quoted attributes alike. */
export function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

/**
 * A link as HTML, its address and its words escaped. What is no http, https or mailto address becomes its words alone.
 * @param words in place of the address
 */
export function linkToHtml(address: string, words: string = address): string {
  const isSafe = URL.canParse(address) && ['http:', 'https:', 'mailto:'].includes(new URL(address).protocol);
  return isSafe ? `<a href="${escapeHtml(address)}">${textToHtml(words)}</a>` : textToHtml(words);
}

/** Where a tag is over: behind its `>`, which may not be one in quotes. An unclosed one goes on to the end. */
function endOfTag(html: string, from: number): number {
  let quote = '';
  let last = '';
  for (let at = from; at < html.length; at += 1) {
    const char = html[at]!;
    if (quote !== '') quote = char === quote ? '' : quote;
    else if (char === '>') return at + 1;
    else if ((char === '"' || char === "'") && last === '=') quote = char;
    if (char.trim() !== '') last = char;
  }
  return html.length + 1;
}

/** Where the end tag of an element begins whose content is no HTML. */
function endOfRaw(html: string, from: number, name: string): number {
  const end = new RegExp(`</${name}`, 'gi');
  end.lastIndex = from;
  return end.exec(html)?.index ?? html.length;
}

class Reader {
  private readonly parts: string[] = [];
  /** Line breaks that are due before the next words. */
  private breaks = 0;
  private space = false;
  private hidden: string | null = null;
  private preformatted = 0;
  private readonly lists: (number | null)[] = [];
  /** A link in a link ends the outer one. */
  private open: { address: string; from: number } | null = null;
  private isLineStart = true;

  text(source: string): void {
    if (this.hidden !== null || source === '') return;
    const text = decode(source);
    if (this.preformatted > 0) return this.verbatim(text);
    // Blanks run together.
    const words = text.split(/[ \t\r\n\f]+/);
    for (const [index, word] of words.entries()) {
      if (index > 0) this.space = true;
      if (word !== '') this.word(word);
    }
  }

  /** Returns the name of an element whose content is no HTML, where it begins one. */
  tag(source: string): string | null {
    const [, slash, named] = /^(\/?)([a-z][^\s/>]*)/i.exec(source.slice(0, 50)) ?? [];
    if (named === undefined) return null;
    const name = named.toLowerCase();
    const isEnd = slash === '/';
    if (this.hidden !== null) {
      const isOver = isEnd && name === this.hidden;
      if (isOver || (this.hidden === 'head' && name === 'body')) this.hidden = null;
      return !isEnd && RAW.has(name) ? name : null;
    }
    if (HIDDEN.has(name)) {
      if (isEnd || source.endsWith('/')) return null;
      this.hidden = name;
      return RAW.has(name) ? name : null;
    }
    if (name === 'br') this.breaks = this.parts.length === 0 ? 0 : this.breaks + 1;
    else if (PARAGRAPHS.has(name)) this.line(2);
    else if (LINES.has(name)) this.line(1);
    else if (name === 'td' || name === 'th') this.space = true;
    else if (name === 'img' && !isEnd) this.text(attributeOf(source, 'alt'));
    if (name === 'pre') this.preformatted = isEnd ? Math.max(0, this.preformatted - 1) : this.preformatted + 1;
    if (name === 'a') this.link(isEnd ? null : attributeOf(source, 'href'));
    if (name === 'ul' || name === 'ol') this.list(isEnd, name === 'ol' ? 0 : null);
    if (name === 'li' && !isEnd) this.entry();
    return null;
  }

  result(): string {
    this.link(null);
    return this.parts.join('').trim();
  }

  private list(isEnd: boolean, count: number | null): void {
    if (isEnd) this.lists.pop();
    else if (this.lists.length < 100) this.lists.push(count);
  }

  private entry(): void {
    const depth = this.lists.length;
    const count = this.lists.at(-1) ?? null;
    if (count !== null) this.lists[depth - 1] = count + 1;
    this.flush();
    this.parts.push('  '.repeat(Math.min(Math.max(0, depth - 1), 10)), count === null ? '- ' : `${count + 1}. `);
    this.isLineStart = true;
  }

  private link(address: string | null): void {
    const { open } = this;
    this.open = null;
    if (open && open.address !== '') {
      const words = this.parts.slice(open.from).join('').trim();
      const isTold = words === open.address || words === open.address.replace(/^(https?:\/\/|mailto:)/, '').replace(/\/$/, ''); // prettier-ignore
      if (!isTold) this.word(words === '' ? open.address : `${this.space ? '' : ' '}(${open.address})`);
    }
    if (address === null) return;
    const isSafe = /^(https?:\/\/|mailto:)/i.test(address);
    this.open = { address: isSafe ? address.replace(/^mailto:/i, '').slice(0, 2_048) : '', from: this.parts.length };
  }

  private line(count: number): void {
    if (this.parts.length === 0) return;
    this.breaks = Math.max(this.breaks, count);
  }

  private word(word: string): void {
    this.flush();
    if (this.space && !this.isLineStart) this.parts.push(' ');
    this.space = false;
    this.isLineStart = false;
    this.parts.push(word);
  }

  private verbatim(text: string): void {
    this.flush();
    this.space = false;
    this.isLineStart = false;
    this.parts.push(text.replaceAll(/\r\n?/g, '\n'));
  }

  /** Breaks the lines that are due. */
  private flush(): void {
    if (this.breaks === 0) return;
    this.parts.push('\n'.repeat(Math.min(this.breaks, 10)));
    this.breaks = 0;
    this.space = false;
    this.isLineStart = true;
  }
}

/** The value of an attribute in a tag, decoded; empty where there is none. */
function attributeOf(tag: string, name: string): string {
  const pattern = /([^\s"'<>/=]{1,100})\s{0,20}=\s{0,20}(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/g;
  for (const [, key, double, single, bare] of tag.slice(0, 10_000).matchAll(pattern))
    if (key!.toLowerCase() === name) return decode(double ?? single ?? bare ?? '').trim();
  return '';
}

/** Entities decoded, once: `&amp;lt;` is `&lt;`. One that HTML does not know stays as it is. */
function decode(text: string): string {
  if (!text.includes('&')) return text.replaceAll('\0', '\uFFFD');
  return text
    .replaceAll(
      /&(?:#(\d{1,8})|#x([\da-f]{1,6})|([a-z][a-z\d]{1,30}));?/gi,
      (whole, decimal?: string, hex?: string, name?: string) => {
        if (name !== undefined) return Object.hasOwn(NAMED, name) ? NAMED[name]! : whole;
        return characterOf(decimal === undefined ? parseInt(hex!, 16) : Number(decimal));
      },
    )
    .replaceAll('\0', '\uFFFD');
}

function characterOf(code: number): string {
  if (code >= 0x80 && code <= 0x9f) return WINDOWS[code - 0x80]!;
  const isCharacter = code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  return isCharacter ? String.fromCodePoint(code) : '\uFFFD';
}
