import { describe, expect, it } from '@jest/globals';
import type { RawWebhook } from '#contract';
import { checkHmac, type HmacScheme } from './hmac.js';

const NOW = 1_700_000_000_000;
const plain = (over: Partial<HmacScheme>): HmacScheme => {
  return { vendor: 'Acme', header: 'x-signature', algorithm: 'sha256', encoding: 'hex', ...over };
};
const webhook = (signature: string, body: string, headers: RawWebhook['headers'] = {}): RawWebhook => {
  return { headers: { 'x-signature': signature, ...headers }, body: Buffer.from(body) };
};
const BODY = 'what do ya want for nothing?';
const SHA256 = '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843';

describe('a signature of the body', () => {
  // RFC 2202 and RFC 4231, test case 2.
  it.each<[Partial<HmacScheme>, string]>([
    [{ algorithm: 'sha1' }, 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79'],
    [{ algorithm: 'sha1', encoding: 'base64', prefix: 'sha1=' }, 'sha1=7/zfauXrL6LSdBbV8YTfnCWafHk='],
    [{}, SHA256],
    [{ prefix: 'sha256=' }, `sha256=${SHA256}`],
    [
      { algorithm: 'sha512' },
      '164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737',
    ],
  ])('fits with %j', (over, signature) => {
    expect(() => checkHmac(webhook(signature, BODY), 'Jefe', plain(over), NOW)).not.toThrow();
    expect(() => checkHmac(webhook(signature, `${BODY} `), 'Jefe', plain(over), NOW)).toThrow(/does not fit/);
    expect(() => checkHmac(webhook(signature, BODY), 'jefe', plain(over), NOW)).toThrow(/does not fit/);
  });

  it.each<[string, string]>([
    ['in the other encoding', Buffer.from(SHA256, 'hex').toString('base64')],
    ['with a prefix that the vendor does not write', `sha256=${SHA256}`],
    ['cut off', SHA256.slice(0, 32)],
    ['in capitals', SHA256.toUpperCase()],
    ['empty', ''],
  ])('is refused %s', (_, signature) => {
    const refusal = { reason: 'unauthorized', flaw: 'mismatch' };
    expect(() => checkHmac(webhook(signature, BODY), 'Jefe', plain({}), NOW)).toThrow(expect.objectContaining(refusal));
  });
});

describe('a signature with a time', () => {
  const timestamp = { header: 'x-time', separator: ':', toleranceMs: 60_000 };
  // printf '1700000000:hello' | openssl dgst -sha256 -hmac key
  const SIGNED = 'af84fea46462957f925cd8781eeb447991cdd4b198e94122d5ca144a88d2f00b';
  const check = (over: RawWebhook['headers'], now = NOW): void =>
    checkHmac(webhook(SIGNED, 'hello', { 'x-time': '1700000000', ...over }), 'key', plain({ timestamp }), now);

  it('is good as long as the time is near, in both directions', () => {
    for (const now of [NOW - 60_000, NOW, NOW + 60_000]) expect(() => check({}, now)).not.toThrow();
    const flaw = expect.objectContaining({ reason: 'unauthorized', flaw: 'clock' });
    expect(() => check({}, NOW + 60_001)).toThrow(flaw);
    expect(() => check({}, NOW - 60_001)).toThrow(/ahead of our clock/);
  });

  it.each<[RawWebhook['headers'], string]>([
    [{ 'x-time': '1700000001' }, 'mismatch'],
    [{ 'x-time': undefined }, 'headers'],
    [{ 'x-time': '1e9' }, 'headers'],
    [{ 'x-time': ['1700000000', '1700000000'] }, 'headers'],
    [{ 'x-signature': undefined }, 'headers'],
    [{ 'x-signature': [SIGNED, SIGNED] }, 'headers'],
  ])('is refused with %j', (headers, flaw) => {
    expect(() => check(headers)).toThrow(expect.objectContaining({ reason: 'unauthorized', flaw }));
  });
});
