import type { AccountName, ProviderHarness } from '../harness.js';
import { ParleyProvider } from './provider.js';
import { FakeParley } from './vendor.js';

const KEYS = {
  first: { account: 'acme', apiKey: 'api-key-of-the-first', signingKey: 'signing-key-of-the-first' },
  second: { account: 'umbrella', apiKey: 'api-key-of-the-second', signingKey: 'signing-key-of-the-second' },
};
let count = 0;
const event = (type: string, more: object = {}) => {
  const at = 1_790_000_000_000 + ++count;
  return { id: `event-${count}`, account: 'acme', chat: 'chat-1', at, type, ...more };
};
const joined = (agent: string) => event('joined', { agent });
const said = (text: string, more: object = {}) =>
  event('message', { message: `m-${count}`, from: 'agent', agent: 'ann', text, ...more });
const left = (agent: string) => event('left', { agent });

/** What the suite is told about Parley. */
export const parleyHarness: ProviderHarness = {
  provider: () => new ParleyProvider(),
  settings: (baseUrl: string, account: AccountName) => ({ baseUrl, ...KEYS[account] }),
  defaults: { queueId: 'main' },
  otherQueue: 'billing',
  wrongSettings: [{ change: { account: 'Acme 1' }, pointer: '/account' }],
  vendor: (account) => new FakeParley(KEYS[account]),
  webhooks: {
    proof: 'body and time',
    events: [
      { name: 'queued', body: event('queued', { queue: 'main' }), facts: ['queued'] },
      { name: 'joined', body: joined('ann'), facts: ['agent.joined'] },
      { name: 'left', body: left('ann'), facts: ['agent.left'] },
      { name: 'transferred', body: event('transferred'), facts: ['transferred'] },
      { name: 'closed', body: event('closed'), facts: ['idle'] },
      { name: 'message', body: said('Hi'), facts: ['message'] },
      { name: 'another message', body: said('How are you?'), facts: ['message'] },
      { name: 'typing', body: event('typing', { agent: 'ann', on: true }), facts: ['typing'] },
      { name: 'no more typing', body: event('typing', { agent: 'ann', on: false }), facts: ['typing'], typing: false },
      { name: 'survey', body: event('survey'), facts: ['ignored'] },
    ],
    unknown: event('of tomorrow'),
    internalNote: said('a note', { internal: true }),
    echo: said('Hi', { from: 'user', agent: undefined }),
    handshake: { type: 'hello' },
    transfers: [
      [joined('ann'), event('transferred'), left('ann'), joined('ben')],
      [joined('ann'), left('ann'), event('transferred'), joined('ben')],
    ],
    endings: [
      [joined('ann'), left('ann')],
      [joined('ann'), event('closed')],
    ],
  },
};
