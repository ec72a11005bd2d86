import { describe, expect, it } from '@jest/globals';
import { UploadQuota } from './upload-quota.js';

describe('files that no message names', () => {
  let now = 0;
  const limits = { share: 100, total: 150 };
  const quotaOf = (stored: Record<string, number>): UploadQuota =>
    new UploadQuota(
      async () => new Map(Object.entries(stored)),
      limits,
      () => now,
    );
  async function upload(quota: UploadQuota, bot: string, ...sizes: number[]): Promise<number> {
    let sum = 0;
    const content = (async function* () {
      for (const size of sizes) yield new Uint8Array(size);
    })();
    for await (const part of quota.counted(bot, content)) sum += part.length;
    return sum;
  }

  it('may have so many bytes of a bot, those on their way included', async () => {
    const quota = quotaOf({ a: 60 });
    expect(await upload(quota, 'a', 20, 20)).toBe(40);
    const refusal = { kind: 'over_budget', members: { budget: 'files without a message', owner: 'bot:a' } };
    await expect(upload(quota, 'a', 20)).rejects.toMatchObject(refusal);
    expect(await upload(quota, 'b', 50)).toBe(50);
  });

  it('are refused while they come', async () => {
    await expect(upload(quotaOf({}), 'a', 60, 60)).rejects.toMatchObject({ kind: 'over_budget' });
  });

  it('may have so many bytes of all bots', async () => {
    await expect(upload(quotaOf({ a: 90, b: 50 }), 'c', 20)).rejects.toMatchObject({ kind: 'unavailable' });
  });

  it('count no more once a message names them', async () => {
    const stored = { a: 100 };
    const quota = quotaOf(stored);
    await expect(upload(quota, 'a', 20)).rejects.toMatchObject({ kind: 'over_budget' });
    stored.a = 0;
    now += 500;
    expect(await upload(quota, 'a', 20)).toBe(20);
  });
});
