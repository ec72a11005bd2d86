import type { AccountName, ProviderHarness } from '../harness.js';
import { ParleyProvider } from './provider.js';
import { FakeParley } from './vendor.js';

/** Parley signs for all accounts with one key. */
const signingKey = 'signing-key-of-parley';
const KEYS = {
  first: { account: 'acme', apiKey: 'api-key-of-the-first', signingKey },
  second: { account: 'umbrella', apiKey: 'api-key-of-the-second', signingKey },
};
const ANN = { id: 17, name: 'Ann' };
const BEN = { id: 18, name: 'Ben' };
let count = 0;
const event = (type: string, more: object = {}) => {
  const at = 1_790_000_000_000 + ++count;
  return { id: `event-${count}`, account: 'acme', chat: 'chat-1', at, type, ...more };
};
const joined = (agent: object) => event('joined', { agent });
const said = (text: string, more: object = {}) =>
  event('message', { message: `m-${count}`, from: 'agent', agent: ANN, text, ...more });
const left = (agent: object) => event('left', { agent });
const file = (id: number, name: string) => ({ id, name });

/** What the suite is told about Parley. */
export const parleyHarness: ProviderHarness = {
  provider: () => new ParleyProvider(),
  settings: (baseUrl: string, account: AccountName) => ({ baseUrl, ...KEYS[account] }),
  defaults: { queueId: 'main' },
  otherQueue: '12',
  sharedSecrets: ['signingKey'],
  wrongSettings: [{ change: { account: 'Acme 1' }, pointer: '/account' }],
  vendor: (account) => new FakeParley(KEYS[account], KEYS[account === 'first' ? 'second' : 'first']),
  webhooks: {
    proof: 'body and time',
    events: [
      { name: 'queued', body: event('queued', { queue: 'main' }), facts: ['queued'] },
      { name: 'joined', body: joined(ANN), facts: ['agent.joined'] },
      { name: 'left', body: left(ANN), facts: ['agent.left'] },
      { name: 'transferred', body: event('transferred'), facts: ['transferred'] },
      { name: 'closed', body: event('closed'), facts: ['idle'] },
      { name: 'message', body: said('Hi'), facts: ['message'], says: [{ text: 'Hi', files: [], by: '17' }] },
      {
        name: 'another message',
        body: said('How are you?', { agent: BEN }),
        facts: ['message'],
        says: [{ text: 'How are you?', files: [], by: '18' }],
      },
      {
        name: 'a file alone',
        body: said('', { files: [file(71, 'a.png')] }),
        facts: ['message'],
        says: [{ text: null, files: ['a.png'], by: '17' }],
      },
      {
        name: 'words and two files',
        body: said('Look', { files: [file(72, 'b.png'), file(73, 'c.pdf')] }),
        facts: ['message'],
        says: [{ text: 'Look', files: ['b.png', 'c.pdf'], by: '17' }],
      },
      { name: 'typing', body: event('typing', { agent: ANN, on: true }), facts: ['typing'] },
      { name: 'no more typing', body: event('typing', { agent: ANN, on: false }), facts: ['typing'], typing: false },
      { name: 'survey', body: event('survey'), facts: ['ignored'] },
    ],
    // An agent who is named in a message is also told of as the one who moved the chat on.
    aboutOne: [[said('Hi', { message: 'm-1' }), event('transferred', { message: 'm-1' })]],
    own: [event('joined', { agent: { id: 1, name: 'Handover', app: true } })],
    unknown: event('of tomorrow'),
    internalNote: said('a note', { internal: true }),
    echo: said('Hi', { from: 'user', agent: undefined }),
    handshake: { type: 'hello' },
    transfers: [
      [joined(ANN), event('transferred'), left(ANN), joined(BEN)],
      [joined(ANN), left(ANN), event('transferred'), joined(BEN)],
    ],
    endings: [
      [joined(ANN), left(ANN)],
      [joined(ANN), event('closed')],
    ],
  },
};
