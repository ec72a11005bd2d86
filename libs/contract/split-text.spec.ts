import { describe, expect, it } from '@jest/globals';
import { splitText } from './split-text.js';

const graphemes = (text: string): string[] =>
  [...new Intl.Segmenter(undefined, { granularity: 'grapheme' }).segment(text)].map(({ segment }) => segment);

/** Every rule that holds for all texts. */
function pieces(text: string, limit: number): string[] {
  const found = splitText(text, limit);
  expect(found.join('')).toBe(text);
  for (const piece of found) expect(piece.length).toBeLessThanOrEqual(limit);
  expect(found.flatMap(graphemes)).toEqual(graphemes(text));
  return found;
}

describe('splitting a text', () => {
  it('leaves what fits as it is, up to the limit and not beyond', () => {
    expect(pieces('x'.repeat(100), 100)).toEqual(['x'.repeat(100)]);
    expect(pieces('x'.repeat(101), 100)).toEqual(['x'.repeat(100), 'x']);
  });

  it.each([
    ['paragraphs', `${'a'.repeat(60)}. b\n\nc. d\ne ${'f'.repeat(60)}`, [`${'a'.repeat(60)}. b\n\n`]],
    ['paragraphs of Windows', `${'a'.repeat(60)}\r\n\r\nb\r\n${'f'.repeat(60)}`, [`${'a'.repeat(60)}\r\n\r\n`]],
    ['lines', `${'a'.repeat(60)}. b\ne. f ${'g'.repeat(60)}`, [`${'a'.repeat(60)}. b\n`]],
    ['sentences', `${'a'.repeat(60)} b. “c?” d ${'e'.repeat(60)}`, [`${'a'.repeat(60)} b. “c?” `]],
    ['Japanese sentences', `${'あ'.repeat(60)}。${'い'.repeat(60)}`, [`${'あ'.repeat(60)}。`]],
    ['Arabic sentences', `${'س'.repeat(60)}؟ ${'ع'.repeat(60)}`, [`${'س'.repeat(60)}؟ `]],
    ['words', `${'a'.repeat(60)} b cd${'e'.repeat(60)}`, [`${'a'.repeat(60)} b `]],
  ])('prefers to break between %s', (_, text, [first]) => {
    expect(pieces(text, 100)[0]).toBe(first);
  });

  it('does not break so early that most of a piece stays empty', () => {
    expect(pieces(`a\n\n${'b'.repeat(200)}`, 100)[0]).toHaveLength(100);
  });

  it.each([
    ['families', '👩‍👩‍👧‍👦'],
    ['flags', '🇩🇪'],
    ['skin tones', '👍🏽'],
    ['letters with combining marks', 'e\u0301\u0323'],
    ['Devanagari', 'क्षि'],
    ['surrogate pairs', '𝒳'],
    ['Hebrew with points', 'שָׁ'],
  ])('keeps %s whole at any limit', (_, character) => {
    for (let limit = character.length; limit < character.length + 15; limit++) pieces(character.repeat(40), limit);
  });

  it('keeps an accent that belongs to a blank with it', () => {
    pieces(`${'a'.repeat(60)} \u0308${'b'.repeat(60)}`, 61);
    pieces(`${'a'.repeat(60)} \u0308${'b'.repeat(60)}`, 100);
  });

  it('cuts a character that alone is longer than the limit, but no surrogate pair', () => {
    const accents = splitText(`a${'\u0301'.repeat(250)}`, 100);
    expect(accents.map(({ length }) => length)).toEqual([100, 100, 51]);
    const tags = splitText(`👍${'\u{E0061}'.repeat(80)}`, 99);
    expect(tags.join('')).toBe(`👍${'\u{E0061}'.repeat(80)}`);
    expect(tags.every((piece) => piece.isWellFormed())).toBe(true);
  });

  it('leaves out what would be a blank piece', () => {
    expect(splitText(`a${' '.repeat(500)}b`, 100).map((piece) => piece.trim())).toEqual(['a', 'b']);
  });

  it('is quick with the worst of 100,000 characters', () => {
    const started = performance.now();
    for (const part of ['\u0301', '🇩🇪', '!"""', '\n \t', '👩‍👩‍👧‍👦', '. '])
      splitText(part.repeat(100_000 / part.length), 100);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
