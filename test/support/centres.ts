import type { ChatwootMessage, ChatwootSimulator } from '../../apps/simulator/chatwoot/index.js';
import { DEFAULT_ACCOUNT, DEFAULT_TENANT, messageEvent } from './built.js';
import { OTHER_ACCOUNT, startChatwootWorld, SUPPORT_SECRET, webhookOf } from './chatwoot.js';
import type { World, WorldOptions } from './world.js';

/** A contact centre as its people see it: what a scenario needs of it, whichever vendor's it is. Conversations are named by their ids. */
export interface Centre {
  /** Its name in the configuration. */
  provider: string;
  /** Two agents, and the queue that conversations can be moved to, as a handover names them. */
  agents: [string, string];
  otherQueue: string;
  join(conversation: string, agent: 0 | 1): Promise<void>;
  say(conversation: string, text: string): Promise<void>;
  /** To the other queue, where nobody has it yet. */
  transfer(conversation: string): Promise<void>;
  /** The agent ends it. */
  finish(conversation: string): Promise<void>;
  isOver(conversation: string): boolean;
  /** What the user has written there, oldest first. */
  heard(conversation: string): (string | null | undefined)[];
  /** How many conversations there are. */
  count(): number;
  /** No event goes out any more. */
  loseEvents(): void;
  /** No event goes out, and the next create and the next message take effect and are never answered. */
  hang(): void;
  /** Works as it should again. */
  recover(): void;
  /** When agents wrote, oldest first; to be changed by whoever plays with time. */
  said(conversation: string): { createdAt: number }[];
  /** Everything but the messages has happened that much earlier. */
  age(conversation: string, byMs: number): void;
  /** Tells late of the agents' messages from the nth on, as of the times when they were written, and resolves to the answers. */
  tellLate(conversation: string, nth: number): Promise<number[]>;
}

const NO_EVENTS = { dropEvents: ['*'] };
const NO_ANSWERS = {
  ...NO_EVENTS,
  api: ['/conversations$', '/messages$'].map((path) => {
    return { match: { method: 'POST', path }, times: 1, fault: { hang: 'after' as const } };
  }),
};

export interface BothCentres {
  world: World;
  chatwoot: ChatwootSimulator;
  stop(): Promise<void>;
}

/** One gateway with two accounts of each vendor: `support-8x8`, `other-8x8`, `support-chatwoot` and `other-chatwoot`. */
export async function startBothCentres(options: WorldOptions = {}): Promise<BothCentres> {
  const settings = { reconcile: '1s' };
  const tenants = [DEFAULT_TENANT, { ...structuredClone(DEFAULT_TENANT), id: 'other01' }];
  const started = await startChatwootWorld({
    ...options,
    settings,
    support: settings,
    simulator: { tenants, webhookRetryDelaysMs: [300, 300, 1_000, 3_000] },
    providers: ({ url, apiKey }) => [
      {
        name: 'other-8x8',
        type: 'eightByEight',
        settings: { baseUrl: url, apiKey, tenant: 'other01', endGrace: '1s' },
        defaults: { channelId: 'channel-1', queueId: '101' },
      },
    ],
  });
  const { simulator, gateway } = started.world;
  const webhookId = simulator.registerWebhook(`${gateway.url}/handover/eightByEight/other-8x8`, 'other01');
  simulator.createChannel({ webhookId, queueId: '101', tenant: 'other01', id: 'channel-1' });
  return started;
}

function eightByEight({ world: { simulator } }: BothCentres): Centre {
  const conversation = (id: string) => simulator.conversation(id);
  const ofAgents = (id: string) => conversation(id).messages.filter(({ authorType }) => authorType === 'agent');
  return {
    provider: 'support-8x8',
    agents: ['agent-ann', 'agent-ben'],
    otherQueue: '102',
    join: (id, agent) => simulator.agent.join(id, ['agent-ann', 'agent-ben'][agent]),
    say: (id, text) => simulator.agent.say(id, text),
    transfer: (id) => simulator.agent.transfer(id, '102'),
    finish: (id) => simulator.agent.leave(id),
    isOver: (id) => conversation(id).state === 'idle',
    heard: (id) => conversation(id).messages.filter(({ authorType }) => authorType === 'user').map(({ text }) => text), // prettier-ignore
    count: () => simulator.conversations().length,
    loseEvents: () => simulator.faults.set(NO_EVENTS),
    hang: () => simulator.faults.set(NO_ANSWERS),
    recover: () => simulator.faults.reset(),
    said: ofAgents,
    age: (id, byMs) => void (conversation(id).lastEventAt -= byMs),
    tellLate: async (id, nth) => {
      const answers: number[] = [];
      for (const { authorId, text, createdAt } of ofAgents(id).slice(nth)) {
        const data = { isEcho: false, sender: { id: authorId, type: 'agent' }, text };
        const event = { eventType: 'MESSAGE', conversationId: id, timestamp: createdAt + 25, data };
        answers.push((await simulator.emit(event)).status);
      }
      return answers;
    },
  };
}

function inChatwoot({ world, chatwoot }: BothCentres): Centre {
  const [state] = chatwoot.accounts;
  const conversation = (id: string) => chatwoot.conversation(id);
  const ofType = (id: string, type: ChatwootMessage['type']) =>
    conversation(id).messages.filter((message) => message.type === type && !message.private);
  return {
    provider: 'support-chatwoot',
    agents: ['3', '4'],
    otherQueue: '12',
    join: (id, agent) => chatwoot.agent.join(id, [3, 4][agent]),
    say: (id, text) => chatwoot.agent.say(id, text),
    transfer: (id) => chatwoot.agent.transfer(id, 12),
    finish: (id) => chatwoot.agent.resolve(id),
    isOver: (id) => conversation(id).status === 'resolved',
    heard: (id) => ofType(id, 'incoming').map(({ content }) => content),
    count: () => chatwoot.conversations().length,
    loseEvents: () => chatwoot.faults.set(NO_EVENTS),
    hang: () => chatwoot.faults.set(NO_ANSWERS),
    recover: () => chatwoot.faults.reset(),
    said: (id) => ofType(id, 'outgoing'),
    age: (id, byMs) => {
      conversation(id).createdAt -= byMs;
      conversation(id).updatedAt -= byMs;
    },
    tellLate: async (id, nth) => {
      const url = webhookOf(world, 'support-chatwoot');
      const answers: number[] = [];
      for (const message of ofType(id, 'outgoing').slice(nth)) {
        const event = { event: 'message_created', ...messageEvent(state!, conversation(id), message) };
        answers.push((await chatwoot.emit(url, event, { secret: SUPPORT_SECRET })).status);
      }
      return answers;
    },
  };
}

/** What every scenario is played with. A contact centre that is added to this table plays all of them. */
export const CENTRES: [vendor: string, centreOf: (both: BothCentres) => Centre][] = [
  ['8x8', eightByEight],
  ['Chatwoot', inChatwoot],
];

/** A handover that the first agent has accepted. Nothing in what is asked for knows the vendor: only the provider's name does. */
export async function activeIn(
  { world }: BothCentres,
  centre: Centre,
): Promise<{ id: string; conversationId: string }> {
  const handover = await world.handover({
    provider: centre.provider,
    user: { name: 'Maria', email: 'maria@example.com', properties: { Intent: 'balance' } },
    transcript: [{ author: 'user', text: 'My balance please' }],
  });
  await world.bot.event(handover.id, 'handover.queued');
  await centre.join(handover.conversationId, 0);
  await world.bot.event(handover.id, 'handover.active');
  return handover;
}

/** An account of `startBothCentres`: how it proves itself, and what ends a conversation of its vendor. */
export interface Account {
  provider: string;
  /** Where its events go to. */
  url: string;
  /** The event that ends this conversation of an account of its vendor. */
  ending(conversation: string): object;
  /** Sends any event, to any address, with a valid signature of this account. */
  emit(url: string, event: object): Promise<{ status: number }>;
}

export function accountsOf({ world, chatwoot }: BothCentres): Account[] {
  const of8x8 = (provider: string, tenant: string): Account => ({
    provider,
    url: `${world.gateway.url}/handover/eightByEight/${provider}`,
    ending: (conversationId) => ({
      eventType: 'MEMBERS_CHANGED',
      conversationId,
      timestamp: Date.now(),
      data: { memberType: 'user', change: 'left', id: 'u' },
    }),
    emit: (url, event) => world.simulator.emit(event as never, { url, tenant }),
  });
  let serial = 0;
  const ofChatwoot = (provider: string, { id, inboxes }: typeof DEFAULT_ACCOUNT): Account => ({
    provider,
    url: webhookOf(world, provider),
    ending: (conversation) => ({
      event: 'conversation_status_changed',
      id: Number(conversation.split('/').at(-1)),
      status: 'resolved',
      account: { id },
      // Chatwoot's events have no ids: equal ones are one.
      updated_at: (Date.now() + serial++) / 1_000,
    }),
    emit: (url, event) => chatwoot.emit(url, event, { secret: inboxes[0]!.secret }),
  });
  return [
    of8x8('support-8x8', DEFAULT_TENANT.id),
    of8x8('other-8x8', 'other01'),
    ofChatwoot('support-chatwoot', DEFAULT_ACCOUNT),
    ofChatwoot('other-chatwoot', OTHER_ACCOUNT),
  ];
}
