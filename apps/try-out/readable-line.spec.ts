import { describe, expect, it } from '@jest/globals';
import { readableLine } from './readable-line.js';

describe('readable line', () => {
  it.each([
    ['{"level":"info","msg":"listening"}', null],
    ['{"level":"warn","time":"2026-11-23T10:00:00Z","msg":"slow"}', 'Gateway warning: slow'],
    [
      '{"level":"error","msg":"lost","attempt":3,"provider":"p","err":{"message":"reset","stack":"…"},"req":{"id":1}}',
      'Gateway error: lost (attempt 3, provider p, reset)',
    ],
    ['{"level":"fatal","msg":"no database","error":"refused"}', 'Gateway error: no database (refused)'],
    ['Your admin key is k', 'Your admin key is k'],
    ['{not json', '{not json'],
    ['{"no":"level"}', '{"no":"level"}'],
  ])('%s', (line, expected) => {
    expect(readableLine(line)).toBe(expected);
  });

  it('is short', () => {
    expect(readableLine(JSON.stringify({ level: 'error', msg: 'x'.repeat(10_000) }))!.length).toBeLessThan(500);
  });
});
