import { describe, expect, it } from '@jest/globals';
import { transcriptText } from './transcript-text.js';

const transcript = [
  { author: 'user' as const, text: 'Hi' },
  { author: 'bot' as const, text: 'Hello' },
];

describe('a transcript as text', () => {
  it('says who said what, in order', () => {
    expect(transcriptText({ transcript }, 100)).toBe('Customer: Hi\n\nBot: Hello');
    expect(transcriptText({ transcript }, 100, (name) => `*${name}*`)).toBe('*Customer* Hi\n\n*Bot* Hello');
    expect(transcriptText({ transcript: [] }, 100)).toBe('');
  });

  it('keeps the newest of what is too long, and whole characters', () => {
    const text = transcriptText({ transcript: [{ author: 'user', text: `${'🙂'.repeat(20)}!` }] }, 12);
    expect(text).toMatch(/^… \uFFFD?(🙂)+!$/u);
    expect(text.length).toBeLessThanOrEqual(12);
    expect(text.isWellFormed()).toBe(true);
  });
});
