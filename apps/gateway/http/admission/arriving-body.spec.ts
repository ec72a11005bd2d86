import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { Admitted } from './admission.js';
import { arrivingBody } from './arriving-body.js';
import { BODY_WITHIN_MS, Holding, HttpBudgets, UNPROVEN } from './limits.js';
import { WaitingRoom } from './waiting-room.js';

describe('a body that arrives', () => {
  let budgets: HttpBudgets;
  let unproven: WaitingRoom;
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask', 'setImmediate'] });
    budgets = new HttpBudgets();
    unproven = new WaitingRoom(UNPROVEN);
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const payload = (): PassThrough & IncomingMessage => Object.assign(new PassThrough(), { headers: {} }) as never;
  const bot = (): Admitted => ({
    principal: { role: 'bot', name: 'a', enabled: true },
    isWebhook: false,
    address: '192.0.2.1',
    holding: new Holding('bot:a'),
  });
  const stranger = (isWebhook: boolean): Admitted => ({
    principal: null,
    isWebhook,
    address: '192.0.2.1',
    holding: new Holding('provider:p'),
  });
  /** One byte a second: never silent, never done. */
  async function trickle(body: PassThrough, seconds: number): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      body.write('x');
      await jest.advanceTimersByTimeAsync(1_000);
    }
  }

  it.each<[string, () => Admitted]>([
    ['a bot', bot],
    ['a webhook', () => stranger(true)],
    ['a visitor', () => stranger(false)],
  ])('has 15 s, however steadily it comes: from %s', async (_, admitted) => {
    expect(BODY_WITHIN_MS).toBe(15_000);
    const body = payload();
    const result = arrivingBody(body, admitted(), { budgets, unproven }).then(
      () => 'taken',
      (error: { kind: string }) => error.kind,
    );
    const first = Promise.race([result, Promise.resolve('on its way')]);
    expect(await first).toBe('on its way');
    await trickle(body, 14);
    expect(await Promise.race([result, Promise.resolve('on its way')])).toBe('on its way');
    await trickle(body, 2);
    expect(await result).toBe('too_slow');
  });

  it('in pieces is one, and costs its caller what has arrived until it is answered', async () => {
    const body = payload();
    const admitted = bot();
    const result = arrivingBody(body, admitted, { budgets, unproven });
    body.write('{"a"');
    body.end(':1}');
    expect((await result).toString()).toBe('{"a":1}');
    expect(budgets.bodies.heldBy('bot:a')).toBe(7);
    admitted.holding.release();
    expect(budgets.bodies.heldBy('bot:a')).toBe(0);
  });

  it('that ends too early is refused', async () => {
    const body = payload();
    const result = arrivingBody(body, bot(), { budgets, unproven });
    body.write('{');
    body.destroy();
    await expect(result).rejects.toMatchObject({ kind: 'invalid' });
  });

  it('that is larger than 1 MiB is refused as it comes', async () => {
    const body = payload();
    const result = arrivingBody(body, bot(), { budgets, unproven });
    body.write(Buffer.alloc(1_048_577));
    await expect(result).rejects.toMatchObject({ kind: 'too_large' });
  });
});
