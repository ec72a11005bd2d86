import { describe, expect, it } from '@jest/globals';
import { WebhookRejected } from '#contract';
import { Refusal, type ProviderInstance } from '#core';
import { WebhookRefusals } from './webhook-refusals.js';

const named = (...names: string[]): ProviderInstance[] => names.map((name) => ({ name }) as ProviderInstance);

describe('refused webhooks', () => {
  let now = 1_000_000;
  const refusals = new WebhookRefusals(() => now);

  it('are remembered for each account that they were addressed to, with the flaw that the provider named', () => {
    refusals.note(named('a', 'b'), new WebhookRejected('unauthorized', 'too old', 'clock'));
    refusals.note(named('a'), new Refusal('unauthorized', 'wrong path'));
    expect(refusals.of('a')).toEqual([
      { at: now, flaw: 'clock', message: 'too old' },
      { at: now, flaw: null, message: 'wrong path' },
    ]);
    expect(refusals.of('b')).toHaveLength(1);
    expect(refusals.of('c')).toEqual([]);
  });

  it('are forgotten after an hour, and never more than a hundred', () => {
    now += 3_600_000;
    expect(refusals.of('a')).toEqual([]);
    for (let index = 0; index < 250; index += 1)
      refusals.note(named('a'), new WebhookRejected('unauthorized', `number ${index}`));
    expect(refusals.of('a').map(({ message }) => message)).toEqual(
      Array.from({ length: 100 }, (_, index) => `number ${150 + index}`),
    );
  });

  it('do not include what is no refusal', () => {
    refusals.note(named('d'), new Error('database away'));
    expect(refusals.of('d')).toEqual([]);
  });
});
