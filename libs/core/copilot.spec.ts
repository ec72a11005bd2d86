import { describe, expect, it } from '@jest/globals';
import { copilotUrl, handoverOfLink, linkToken } from './index.js';

const copilot = {
  baseUrl: 'https://copilot.example.com',
  builtIn: false,
  urlToken: 'a+b/c=&?#',
  previousUrlToken: 'earlier',
};

const ID = `ho_${'a'.repeat(32)}`;

describe('the link to the copilot', () => {
  it('has every value percent-encoded, and the token of now', () => {
    const link = copilotUrl(copilot, { id: ID, userId: 'u 42&x=1', sessionId: 's/17?#ü👍' });
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
    expect(copilotUrl(copilot, { id: ID, userId: '\ud800', sessionId: 's' })).toContain('userId=%EF%BF%BD&');
  });

  it('is null without a copilot', () => {
    expect(copilotUrl(null, { id: ID, userId: 'u', sessionId: 's' })).toBeNull();
  });

  it("holds a value of its own for the gateway's page, which is the same every time and tells nothing of the token", () => {
    const other = `ho_${'b'.repeat(32)}`;
    const [link, again, ofOther] = [ID, ID, other].map((id) =>
      copilotUrl({ ...copilot, builtIn: true }, { id, userId: 'u', sessionId: 's' })!,
    );
    expect(link).toBe(again);
    expect(link).toBe(`https://copilot.example.com/?userId=u&sessionId=s&URLToken=${linkToken(copilot.urlToken, ID)}`);
    expect(link).not.toBe(ofOther);
    expect(link).not.toContain(encodeURIComponent(copilot.urlToken));
    expect(linkToken('another token', ID)).not.toBe(linkToken(copilot.urlToken, ID));
  });

  it('names its handover, and nothing that has another form does', () => {
    const token = linkToken('t', ID);
    expect(handoverOfLink(token)).toBe(ID);
    for (const wrong of [
      '',
      't',
      ID,
      `${ID}.`,
      `${token}x`,
      ` ${token}`,
      token.toUpperCase(),
      `${token}\n`,
      token.slice(1),
    ])
      expect([wrong, handoverOfLink(wrong)]).toEqual([wrong, null]);
  });
});
