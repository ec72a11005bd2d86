const GRAPHEMES = new Intl.Segmenter(undefined, { granularity: 'grapheme' });

/** Where a text is best broken, best first: between paragraphs, lines, sentences, words. A break comes after what it matches. */
const BREAKS = [/\n[ \t\r]*\n\s*/g, /\n\s*/g, /(?:[.!?…؟]["'”’)\]]*\s+|[。！？]["'”’」』）]*)/g, /\s+/g];

/**
 * Cuts a text into pieces of at most `limit` UTF-16 code units, in order: joined they are the text again, but for pieces that would be
 * blank. What readers see as one character stays whole, unless it alone is longer than the limit.
 */
export function splitText(text: string, limit: number): string[] {
  const pieces: string[] = [];
  let start = 0;
  while (text.length - start > limit) {
    const end = start + endOfPiece(text.slice(start, start + limit + 2), limit);
    pieces.push(text.slice(start, end));
    start = end;
  }
  pieces.push(text.slice(start));
  return pieces.filter((piece) => piece.trim() !== '');
}

/** @param window the rest of the text, no further than the code point that comes after the limit */
function endOfPiece(window: string, limit: number): number {
  const characters = GRAPHEMES.segment(window);
  const furthest = wholeCharacters(window, characters, limit);
  for (const pattern of BREAKS) {
    const ends = [...window.matchAll(pattern)].map(({ index, 0: found }) => index + found.length);
    // A piece of less than half the length would make more pieces than it helps. An accent may belong to a blank.
    const end = ends.findLast((at) => at <= furthest && at >= limit / 2 && characters.containing(at)?.index === at);
    if (end !== undefined) return end;
  }
  return furthest;
}

/** The furthest end of a character within the limit. */
function wholeCharacters(window: string, characters: Intl.Segments, limit: number): number {
  const { index } = characters.containing(limit)!;
  if (index > 0) return index;
  // One endless character, as with hundreds of accents on a letter: at least no surrogate pair is torn.
  const isPair = /^[\ud800-\udbff][\udc00-\udfff]$/.test(window.slice(limit - 1, limit + 1));
  return isPair ? limit - 1 : limit;
}
