import { createCipheriv, randomBytes } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { SecretBox } from './secrets.js';

const [first, second] = [randomBytes(32), randomBytes(32)];
const PLACE = 'provider/support/settings/apiKey';

/** As versions before keys had ids. */
function sealedEarlier(key: Buffer, plain: string): string {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const bytes = Buffer.concat([iv, cipher.update(plain, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `sealed:v1:${bytes.toString('base64')}`;
}

describe('a sealed secret', () => {
  it('opens in its place with its key, among others or alone', () => {
    const sealed = new SecretBox(first).seal('hunter2', PLACE);
    expect(sealed).not.toContain('hunter2');
    for (const box of [new SecretBox(first), new SecretBox(second, [first])])
      expect([box.isSealed(sealed), box.open(sealed, PLACE)]).toEqual([true, 'hunter2']);
  });

  it('does not open in another place', () => {
    const box = new SecretBox(first);
    const sealed = box.seal('hunter2', PLACE);
    expect(() => box.open(sealed, 'provider/other/settings/apiKey')).toThrow(
      /^provider\/other\/settings\/apiKey in the database was changed there, or was put there from another place/,
    );
  });

  it('names the key that it needs when that one is not there', () => {
    const sealed = new SecretBox(first).seal('hunter2', PLACE);
    const id = sealed.split(':')[2]!;
    expect(() => new SecretBox(second).open(sealed, PLACE)).toThrow(
      new RegExp(`encrypted with the key ${id}, .*HANDOVER_ENCRYPTION_KEY .*HANDOVER_PREVIOUS_ENCRYPTION_KEYS`),
    );
  });

  it('of an earlier version opens with any of the keys', () => {
    const sealed = sealedEarlier(first, 'hunter2');
    for (const box of [new SecretBox(first), new SecretBox(second, [first])])
      expect([box.isSealed(sealed), box.open(sealed, PLACE)]).toEqual([true, 'hunter2']);
    expect(() => new SecretBox(second).open(sealed, PLACE)).toThrow(/HANDOVER_PREVIOUS_ENCRYPTION_KEYS/);
  });

  it('is outdated when another key than the newest sealed it', () => {
    const rotated = new SecretBox(second, [first]);
    const before = new SecretBox(first);
    const values = [
      before.seal('a', PLACE),
      sealedEarlier(first, 'a'),
      rotated.seal('a', PLACE),
      sealedEarlier(second, 'a'),
    ];
    expect(values.map((value) => rotated.isOutdated(value))).toEqual([true, true, false, false]);
  });
});
