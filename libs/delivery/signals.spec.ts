import { beforeEach, describe, expect, it } from '@jest/globals';
import { ProviderError } from '#contract';
import { Refusal, type Handover, type ProviderInstance, type Signal } from '#core';
import { Signals } from './signals.js';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined };
const open = { id: 'ho_1', bot: 'a', conversationId: 'c-1', status: 'active', closing: null } as Handover;
const TYPING: Signal = { kind: 'typing', author: 'user' };

let now: number;
let down: string[];
let taken: string[];
let calls: unknown[][];
let answer: () => Promise<void>;
let signals: Signals;
beforeEach(() => {
  now = 1_000_000;
  down = [];
  taken = [];
  calls = [];
  answer = async () => undefined;
  signals = new Signals(
    (provider) => down.includes(provider),
    { take: (_, bot) => taken.push(bot) },
    () => now,
    log,
  );
});

function provider(name = 'p'): ProviderInstance {
  const call = (kind: string) => (conversation: string, value: unknown) => {
    calls.push([kind, conversation, value]);
    return answer();
  };
  return { name, session: { typing: call('typing'), thinking: call('thinking'), read: call('read') } } as never;
}
const send = (signal: Signal = TYPING, handover: Partial<Handover> = {}, name?: string): Promise<void> =>
  signals.send({ ...open, ...handover }, provider(name), signal);

describe('signals', () => {
  it('go to the conversation with what they say', async () => {
    const at = new Date();
    for (const signal of [TYPING, { kind: 'thinking', maxSeconds: 7 }, { kind: 'read', at }] as Signal[])
      await send(signal);
    expect(calls).toEqual([
      ['typing', 'c-1', 'user'],
      ['thinking', 'c-1', 7],
      ['read', 'c-1', at],
    ]);
  });

  it('say of each handover and author that they type, every three seconds', async () => {
    await send();
    now += 2_999;
    await send();
    expect(calls).toHaveLength(1);
    await send({ kind: 'typing', author: 'bot' });
    await send(TYPING, { id: 'ho_2' });
    now += 1;
    await send();
    expect(calls).toHaveLength(4);
  });

  it.each([
    { conversationId: null },
    { status: 'requested' },
    { status: 'completed' },
    { closing: 'bot' },
  ] as Partial<Handover>[])('are dropped for a handover with %j', async (handover) => {
    await send(TYPING, handover);
    expect(calls).toEqual([]);
  });

  it('are dropped while messages to the provider fail', async () => {
    down = ['p'];
    await send();
    await send(TYPING, {}, 'another');
    expect(calls).toHaveLength(1);
  });

  it.each(['invalid', 'not_found', 'conflict', 'unsupported'] as const)(
    'spare no other when one is refused for its own sake: %s',
    async (code) => {
      answer = () => Promise.reject(new ProviderError(code, 'not this one'));
      await send({ kind: 'read', at: new Date() });
      await send(TYPING, { id: 'ho_2' });
      expect(calls).toHaveLength(2);
    },
  );

  it('spare a provider that refuses the credentials', async () => {
    answer = () => Promise.reject(new ProviderError('unauthorized', 'who are you?'));
    await send();
    await send(TYPING, { id: 'ho_2' });
    expect(calls).toHaveLength(1);
  });

  it('spare a provider that failed, for as long as it asks', async () => {
    answer = () => Promise.reject(new ProviderError('rate_limited', 'slow down', 10_000));
    await send({ kind: 'thinking', maxSeconds: 1 });
    answer = async () => undefined;
    now += 9_999;
    await send({ kind: 'thinking', maxSeconds: 2 });
    await send({ kind: 'thinking', maxSeconds: 3 }, {}, 'another');
    expect(calls).toHaveLength(2);
    now += 1;
    await send({ kind: 'thinking', maxSeconds: 4 });
    expect(calls).toHaveLength(3);
  });

  it('take up no more than a few connections', async () => {
    let release!: () => void;
    const released = new Promise<void>((resolve) => (release = resolve));
    answer = () => released;
    const all = Array.from({ length: 10 }, () => send({ kind: 'thinking', maxSeconds: 1 }));
    expect(calls).toHaveLength(4);
    release();
    await Promise.all(all);
    await send({ kind: 'thinking', maxSeconds: 1 });
    expect(calls).toHaveLength(5);
  });

  it('leave another bot its connections, and its peace when they fail', async () => {
    answer = () => new Promise(() => undefined);
    for (let nth = 0; nth < 10; nth++) void send({ kind: 'thinking', maxSeconds: 1 });
    answer = async () => undefined;
    await send({ kind: 'thinking', maxSeconds: 2 }, { bot: 'b' });
    expect(calls).toHaveLength(5);
    answer = () => Promise.reject(new ProviderError('unknown_outcome', 'no answer'));
    await send(TYPING, { bot: 'c' });
    await send({ kind: 'thinking', maxSeconds: 3 }, { bot: 'c' });
    expect(calls).toHaveLength(6);
    await send({ kind: 'thinking', maxSeconds: 4 }, { bot: 'b' });
    expect(calls).toHaveLength(7);
  });

  it('count as calls of their bot, and are refused when it has made too many; what is dropped does not count', async () => {
    await send();
    await send();
    expect(taken).toEqual(['a']);
    taken.push = () => {
      throw new Refusal('over_budget', 'too many');
    };
    expect(() => send({ kind: 'read', at: new Date() })).toThrow('too many');
    expect(calls).toHaveLength(1);
  });

  it('do not fail for whoever sends them', async () => {
    answer = () => Promise.reject(new Error('a bug'));
    await expect(send()).resolves.toBeUndefined();
  });
});
