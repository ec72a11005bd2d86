import { describe, expect, it, jest } from '@jest/globals';
import { ProviderError } from '#contract';
import { findOrGone } from './gone.js';

const failing = (code: 'not_found' | 'unauthorized' | 'unknown_outcome') => async (): Promise<never> => {
  throw new ProviderError(code, code);
};

describe('what may be gone', () => {
  it('is there, and then nothing else is asked', async () => {
    const probe = jest.fn(async () => null);
    expect(await findOrGone(async () => 7, probe)).toBe(7);
    expect(probe).not.toHaveBeenCalled();
  });

  it('is gone where the account works', async () => {
    expect(await findOrGone(failing('not_found'), async () => ({ inboxes: [] }))).toBeNull();
  });

  it.each(['not_found', 'unauthorized', 'unknown_outcome'] as const)(
    'is no answer where the account does not work: %s',
    async (code) => {
      await expect(findOrGone(failing('not_found'), failing(code))).rejects.toMatchObject({ code });
    },
  );

  it.each(['unauthorized', 'unknown_outcome'] as const)(
    'is no answer where the call itself fails: %s',
    async (code) => {
      await expect(findOrGone(failing(code), async () => null)).rejects.toMatchObject({ code });
    },
  );
});
