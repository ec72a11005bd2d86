import { describe, expect, it } from '@jest/globals';
import { copilotUrl } from './index.js';

const copilot = {
  baseUrl: 'https://copilot.example.com',
  builtIn: false,
  urlToken: 'a+b/c=&?#',
  previousUrlToken: 'earlier',
};

describe('the link to the copilot', () => {
  it('has every value percent-encoded, and the token of now', () => {
    const link = copilotUrl(copilot, { userId: 'u 42&x=1', sessionId: 's/17?#ü👍' });
    expect(link).toBe(
      'https://copilot.example.com/?userId=u%2042%26x%3D1&sessionId=s%2F17%3F%23%C3%BC%F0%9F%91%8D&URLToken=a%2Bb%2Fc%3D%26%3F%23',
    );
    expect([...new URL(link!).searchParams]).toEqual([
      ['userId', 'u 42&x=1'],
      ['sessionId', 's/17?#ü👍'],
      ['URLToken', 'a+b/c=&?#'],
    ]);
  });

  it('names what the database makes of half a surrogate pair', () => {
    expect(copilotUrl(copilot, { userId: '\ud800', sessionId: 's' })).toContain('userId=%EF%BF%BD&');
  });

  it('is null without a copilot', () => {
    expect(copilotUrl(null, { userId: 'u', sessionId: 's' })).toBeNull();
  });
});
