import { element, link } from './dom.js';

const MAX_DEPTH = 6;
/** Parentheses within one another that an address may have. */
const MAX_PARENTHESES = 32;
const FENCE = /^\s{0,3}```/;
const HEADING = /^(#{1,6})\s+(\S.*)$/;
const BULLET = /^\s{0,8}[-*+]\s+(\S.*)$/;
const NUMBER = /^\s{0,8}\d{1,9}[.)]\s+(\S.*)$/;
const QUOTE = /^\s{0,3}>\s?(.*)$/;

/** What a line of each sort of block holds; null for a line that is of another sort. */
const SORTS = [
  ['quote', (line) => QUOTE.exec(line)?.[1] ?? null],
  ['bullets', (line) => BULLET.exec(line)?.[1] ?? null],
  ['numbers', (line) => NUMBER.exec(line)?.[1] ?? null],
];

/** The blocks of a small part of Markdown: paragraphs, headings, lists, quotes, code. All else is text as it stands. */
export function parseMarkdown(text) {
  const lines = text.replaceAll('\r\n', '\n').split('\n');
  const blocks = [];
  let open = null;
  const add = (type, line) => {
    if (open?.type !== type) blocks.push((open = { type, lines: [] }));
    open.lines.push(line);
  };
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index];
    if (FENCE.test(line)) {
      let last = index + 1;
      while (last < lines.length && !FENCE.test(lines[last])) last++;
      blocks.push({ type: 'code', lines: lines.slice(index + 1, last) });
      [open, index] = [null, last];
      continue;
    }
    const [, level, title] = HEADING.exec(line) ?? [];
    const [sort, content] = sortOf(line);
    if (level) {
      blocks.push({ type: 'heading', level: level.length, lines: [title] });
      open = null;
    } else if (line.trim() === '') open = null;
    else add(sort, content);
  }
  return blocks.map(({ lines: own, ...block }) =>
    block.type === 'code'
      ? { ...block, text: own.join('\n') }
      : { ...block, lines: own.map((one) => parseInline(one)) },
  );
}

function sortOf(line) {
  for (const [sort, contentOf] of SORTS) {
    const content = contentOf(line);
    if (content !== null) return [sort, content];
  }
  return ['paragraph', line.trim()];
}

const PAIRS = [
  ['`', 'code'],
  ['**', 'strong'],
  ['__', 'strong'],
  ['*', 'em'],
  ['_', 'em'],
];

/** Parts of one line: text, or an object with `type` and what is within it. Reads the line a bounded number of times. */
export function parseInline(line, depth = 0) {
  const parts = [];
  const unclosed = new Set();
  let plain = '';
  const push = (part) => {
    if (plain !== '') parts.push(plain);
    plain = '';
    parts.push(part);
  };
  for (let at = 0; at < line.length;) {
    const found = depth < MAX_DEPTH ? (linkAt(line, at, depth, unclosed) ?? pairAt(line, at, depth, unclosed)) : null;
    if (found) {
      push(found.part);
      at = found.end;
    } else if (line[at] === '\\' && /[\\`*_[\]()#+\-.!>]/.test(line[at + 1] ?? '')) {
      plain += line[at + 1];
      at += 2;
    } else plain += line[at++];
  }
  if (plain !== '') parts.push(plain);
  return parts;
}

function linkAt(line, at, depth, unclosed) {
  if (line[at] !== '[' || unclosed.has('](')) return null;
  const middle = line.indexOf('](', at + 1);
  if (unclosed.has(middle)) return null;
  const end = middle === -1 ? -1 : endOfAddress(line, middle + 2);
  if (end === -1) {
    unclosed.add(middle === -1 ? '](' : middle);
    return null;
  }
  const url = line
    .slice(middle + 2, end)
    .trim()
    .replaceAll(/\\([()])/g, '$1');
  if (/\s/.test(url)) return null;
  return { part: { type: 'link', url, within: parseInline(line.slice(at + 1, middle), depth + 1) }, end: end + 1 };
}

/** Where the parenthesis is that closes an address, -1 for nowhere. Pairs of them belong to it, as in CommonMark. */
function endOfAddress(line, start) {
  let open = 0;
  for (let at = start; at < line.length; at++) {
    if (line[at] === '\\') at++;
    else if (line[at] === '(' && ++open > MAX_PARENTHESES) return -1;
    else if (line[at] === ')' && open-- === 0) return at;
  }
  return -1;
}

function pairAt(line, at, depth, unclosed) {
  for (const [mark, type] of PAIRS) {
    if (!line.startsWith(mark, at) || unclosed.has(mark)) continue;
    const start = at + mark.length;
    if (mark !== '`' && !mayEmphasise(mark, line[at - 1], line[start])) continue;
    const end = line.indexOf(mark, start + 1);
    if (end === -1) {
      unclosed.add(mark);
      continue;
    }
    const within = line.slice(start, end);
    return {
      part: { type, within: type === 'code' ? [within] : parseInline(within, depth + 1) },
      end: end + mark.length,
    };
  }
  return null;
}

/** snake_case, 2 * 3 and a row of asterisks are no emphasis. */
function mayEmphasise(mark, before = ' ', after = ' ') {
  if (/\s/.test(after) || after === mark) return false;
  return mark[0] === '*' || !/\w/.test(before);
}

/** Nodes that show a text in Markdown. Headings are below those of the page. */
export function markdown(text) {
  return parseMarkdown(text).map(nodeOf);
}

function nodeOf({ type, level, lines, text }) {
  switch (type) {
    case 'code':
      return element('pre', { tabIndex: 0 }, element('code', {}, text));
    case 'heading':
      return element(`h${Math.min(6, level + 3)}`, {}, ...inline(lines[0]));
    case 'bullets':
    case 'numbers':
      return element(type === 'numbers' ? 'ol' : 'ul', {}, ...lines.map((line) => element('li', {}, ...inline(line))));
    default:
      return element(type === 'quote' ? 'blockquote' : 'p', {}, ...withBreaks(lines));
  }
}

function withBreaks(lines) {
  return lines.flatMap((line, index) => (index === 0 ? inline(line) : [element('br'), ...inline(line)]));
}

function inline(parts) {
  return parts.map((part) => {
    if (typeof part === 'string') return part;
    if (part.type === 'link') return link(part.url, ...inline(part.within));
    return element(part.type, {}, ...inline(part.within));
  });
}
