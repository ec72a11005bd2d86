import { afterEach, describe, expect, it } from '@jest/globals';
import { ProviderError } from '#contract';
import { inSequence } from './sequence.js';
import { quickTransport, VendorServer } from './testing/vendor-server.js';
import { VendorApi } from './vendor-api.js';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined };
let vendor: VendorServer | null = null;
afterEach(() => vendor?.stop());

async function api(): Promise<VendorApi> {
  vendor = await VendorServer.start();
  const options = { vendor: 'Acme', baseUrl: vendor.url, headers: {}, secrets: [], now: () => 0, log };
  return new VendorApi(quickTransport({ responseTimeoutMs: 60_000 }), options);
}

const outcome = (promise: Promise<unknown>) => promise.catch(({ code, message }: ProviderError) => ({ code, message }));

describe('several calls in one time', () => {
  it('ends the call that is on its way when the time is over, and makes no further one', async () => {
    const whole = await api();
    vendor!.on((call, response) => void (call.path === '/first' && response.end('{}')));
    const ended = await outcome(
      inSequence(async (sequence) => {
        const one = whole.during(sequence);
        await one.json('GET', '/first');
        await one.json('GET', '/never').catch(() => null);
        await one.json('GET', '/third');
      }, 300),
    );
    expect(ended).toMatchObject({ code: 'unreachable', message: expect.stringContaining('TIMEOUT') });
    expect(vendor!.calls.map(({ path }) => path)).toEqual(['/first', '/never']);
  });

  it.each(['rate_limited', 'unreachable', 'invalid', 'not_found', 'cancelled'] as const)(
    'makes an unknown outcome of %s once it took effect, and says both',
    async (code) => {
      const failing = (took: boolean): Promise<unknown> =>
        outcome(
          inSequence(async (sequence) => {
            if (took) sequence.tookEffect('Conversation 7 is open');
            throw new ProviderError(code, 'Acme said no');
          }),
        );
      expect(await failing(false)).toEqual({ code, message: 'Acme said no' });
      const message = 'Conversation 7 is open, but what followed failed: Acme said no';
      expect(await failing(true)).toEqual({ code: 'unknown_outcome', message });
    },
  );

  it('leaves anything else as it is', async () => {
    expect(await inSequence(async (sequence) => (sequence.tookEffect('it is open'), 7))).toBe(7);
    const fault = new TypeError('a mistake');
    await expect(
      inSequence(async (sequence) => {
        sequence.tookEffect('it is open');
        throw fault;
      }),
    ).rejects.toBe(fault);
  });
});
