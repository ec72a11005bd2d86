import { describe, expect, it } from '@jest/globals';
import { Webhook } from 'standardwebhooks';
import { isSigned } from './gateway.js';

const SECRET = 'whsec_' + Buffer.from('0123456789abcdef0123456789abcdef').toString('base64');

describe('signatures of the gateway', () => {
  const at = new Date('2026-11-23T10:00:00.000Z');
  const body = '{"text":"é 👋"}';
  const signature = new Webhook(SECRET).sign('evt_1', at, body);
  const headers = { 'webhook-id': 'evt_1', 'webhook-timestamp': String(at.getTime() / 1000) };

  it.each([
    ['right', signature, 0, true],
    ['among others', `v2,xyz v1,AAAA ${signature}`, 0, true],
    ['5 minutes old', signature, 300_000, true],
    ['older', signature, 301_000, false],
    ['from the future', signature, -301_000, false],
    ['of another version', signature.replace('v1,', 'v2,'), 0, false],
    ['missing', undefined, 0, false],
  ])('%s', (_name, given, passed, accepted) => {
    expect(isSigned({ ...headers, 'webhook-signature': given }, body, SECRET, at.getTime() + passed)).toBe(accepted);
  });

  it('covers the body', () => {
    expect(isSigned({ ...headers, 'webhook-signature': signature }, body + ' ', SECRET, at.getTime())).toBe(false);
  });
});
