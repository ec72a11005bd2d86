import { beforeEach, describe, expect, it } from '@jest/globals';
import type { ProviderEvent } from '#contract';
import type { Handover, HandoverUnit, InboxEntry, ProviderInstance } from '#core';
import { AgentTyping } from './agent-typing.js';

const log = { debug: () => undefined, info: () => undefined, warn: () => undefined };
const ann = { id: 'agent-ann', name: null };
const entry = (over: Partial<InboxEntry> = {}): InboxEntry =>
  ({ source: 's', conversationId: 'c-1', providers: ['p'], tenant: 't', ignored: null, ...over }) as InboxEntry;
const event = (typing: boolean, agent = ann): ProviderEvent => ({
  type: 'typing',
  conversation: 'c-1',
  at: null,
  typing,
  agent: typing ? agent : null,
});

let now: number;
let told: [string, boolean, string | undefined][];
let tenant: string | null;
let handover: Partial<Handover>;
let tell: () => Promise<void>;
let pauses: (() => void)[];
let typing: AgentTyping;
beforeEach(() => {
  now = 1_000_000;
  told = [];
  pauses = [];
  tenant = 't';
  handover = { id: 'ho_1', provider: 'p', status: 'active' };
  tell = async () => undefined;
  const instance = { name: 'p', pinnedTenant: null, session: { webhookToken: null, get tenant() { return tenant; } } }; // prettier-ignore
  typing = new AgentTyping(
    { unitsOf: async () => [{ handover } as HandoverUnit] },
    { get: (name) => (name === 'p' ? (instance as unknown as ProviderInstance) : undefined) },
    async ({ id }, said) => {
      told.push([id, said.typing, said.agent?.id]);
      await tell();
    },
    () => now,
    log,
    () => new Promise<void>((resolve) => pauses.push(resolve)),
  );
});

/** Lets everything run that waits for nothing but other promises. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
async function pass(ms: number): Promise<void> {
  now += ms;
  for (const resume of pauses.splice(0)) resume();
  await settled();
}
async function take(...events: ProviderEvent[]): Promise<boolean> {
  const taken = typing.take(entry(), events);
  await settled();
  return taken;
}

describe('typing of agents', () => {
  it('is told at once, and its end with the agent who it was', async () => {
    expect(await take(event(true))).toBe(true);
    expect(told).toEqual([['ho_1', true, 'agent-ann']]);
    await pass(1_000);
    await take(event(false));
    expect(told.at(-1)).toEqual(['ho_1', false, 'agent-ann']);
  });

  it('is told once a second of a conversation at the most, the last of it always', async () => {
    for (let index = 0; index < 501; index++) await take(event(index % 2 === 0));
    expect(told).toHaveLength(1);
    await take(event(false));
    await pass(1_000);
    expect(told.map(([, on]) => on)).toEqual([true, false]);
    await pass(1_000);
    expect(told).toHaveLength(2);
  });

  it('is not repeated within three seconds while it stays the same', async () => {
    for (const ms of [1_000, 1_000, 999]) {
      await take(event(true));
      await pass(ms);
    }
    await take(event(true));
    expect(told).toHaveLength(1);
    await take(event(true, { id: 'agent-ben', name: null }));
    expect(told).toHaveLength(2);
    await pass(3_000);
    await take(event(true, { id: 'agent-ben', name: null }));
    expect(told).toHaveLength(3);
  });

  it('is told in order, however slow the bot is', async () => {
    let release!: () => void;
    tell = () => new Promise((resolve) => (release = resolve));
    await take(event(true));
    await pass(5_000);
    await take(event(false));
    expect(told).toHaveLength(1);
    release();
    await settled();
    expect(told.map(([, on]) => on)).toEqual([true, false]);
  });

  it.each([
    ['of another tenant', () => void (tenant = 'other')],
    ['of a tenant that is not known yet', () => void (tenant = null)],
    ['of a handover that is over', () => void (handover.status = 'completed')],
    ['of a provider that is gone', () => void (handover.provider = 'gone')],
  ])('%s is taken and told to nobody', async (_, change) => {
    change();
    expect(await take(event(true))).toBe(true);
    expect(told).toEqual([]);
  });

  it('for the record only, or once it is stopped, goes nowhere', async () => {
    expect(typing.take(entry({ ignored: 'another tenant' }), [event(true)])).toBe(true);
    typing.stop();
    expect(await take(event(true))).toBe(true);
    expect(told).toEqual([]);
  });

  it('leaves alone whatever else there is', async () => {
    const activity: ProviderEvent = { type: 'activity', conversation: 'c-1', at: null, name: 'x', value: 1 };
    expect(await take(activity)).toBe(false);
    expect(await take(activity, event(true))).toBe(false);
    expect(await take()).toBe(false);
    expect(told).toEqual([]);
  });

  it('goes on after something went wrong', async () => {
    tell = () => Promise.reject(new Error('no database'));
    await take(event(true));
    tell = async () => undefined;
    await pass(1_000);
    await take(event(false));
    expect(told).toHaveLength(2);
  });
});
