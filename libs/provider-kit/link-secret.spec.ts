import { describe, expect, it } from '@jest/globals';
import { bytesWithoutLinkSecret, withoutLinkSecret } from './link-secret.js';

const LINK = "https://copilot.example.com/?userId=%C3%BC&sessionId=s&URLToken=sec.ret-t~o*k'e(n)%2B%3D";

describe('the token in what a vendor repeats', () => {
  it.each([
    ['a sentence', `The value ${LINK} is too long.`],
    ['a link that is cut off', `The value ${LINK.slice(0, -20)}`],
    ['JSON', JSON.stringify({ key: 'copilotUrl', value: LINK })],
    ['JSON with escapes', `{"value":"${LINK.replaceAll('&', '\\u0026').replaceAll('=', '\\u003D')}"}`],
    ['HTML', `<p>${LINK.replaceAll('&', '&amp;')}</p>`],
  ])('is masked in %s', (_, text) => {
    const masked = withoutLinkSecret(text);
    expect(masked).not.toMatch(/sec|ret-t|k'e/);
    expect(masked).toContain('••••');
    expect(bytesWithoutLinkSecret(Buffer.from(text)).toString()).toBe(masked);
  });

  it('is all that is taken out of a webhook', () => {
    const event = (link: string): string => JSON.stringify({ text: 'ü👍\u2028', link, more: [1, { a: '&b' }] });
    const masked = bytesWithoutLinkSecret(Buffer.from(event(`${LINK}&x=1`)));
    expect(masked.toString()).toBe(event(`${LINK.replace(/URLToken=.*/, 'URLToken=••••')}&x=1`));
    const bytes = Buffer.from([0xff, 0x00, ...Buffer.from('URLToken=a'), 0x22, 0xfe]);
    expect(bytesWithoutLinkSecret(bytes)).toEqual(
      Buffer.concat([Buffer.from([0xff, 0x00]), Buffer.from('URLToken=••••'), Buffer.from([0x22, 0xfe])]),
    );
  });

  it('costs a webhook without a link nothing', () => {
    const body = Buffer.from('{"text":"hello"}');
    expect(bytesWithoutLinkSecret(body)).toBe(body);
  });
});
