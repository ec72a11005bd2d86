import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from '@jest/globals';
import { within } from './within.js';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
setFlagsFromString('--no-expose-gc');

const aborted = (signal: AbortSignal) =>
  new Promise<unknown>((resolve) => signal.addEventListener('abort', () => resolve(signal.reason)));

describe('within', () => {
  it('aborts in time, however often garbage is collected meanwhile', async () => {
    const other = new AbortController();
    const reason = aborted(within(200, other.signal));
    const collecting = setInterval(collect, 20);
    expect(await reason).toMatchObject({ name: 'TimeoutError' });
    clearInterval(collecting);
  });

  it('aborts with the first of the signals, for its reason', async () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const signal = within(60_000, one.signal, other.signal);
    const reason = aborted(signal);
    other.abort('stop');
    expect(await reason).toBe('stop');
    expect(within(60_000, other.signal).aborted).toBe(true);
  });
});
