import { HttpService } from '@nestjs/axios';
import { conformance, type AccountName, type Body } from 'handover-gateway/testkit';
import { EchoProvider } from '../src/provider.js';
import { EchoDesk, type EchoAccount } from './echo-desk.js';

const accountOf = (name: AccountName): EchoAccount => ({
  id: `account-${name}`,
  apiKey: `the-api-key-of-${name}`,
  secret: `the-secret-of-${name}`,
});

let sent = 0;
const event = (type: string, more: object = {}): Body => ({
  id: `evt-${(sent += 1)}`,
  account: 'account-first',
  at: new Date(1_795_000_000_000 + sent * 1_000).toISOString(),
  type,
  chat: 'chat-1',
  reference: 'ho_00000000000000000000000000000001',
  ...more,
});
const message = (over: object): Body =>
  event('message.created', { message: { id: `msg-${sent}`, author: 'agent', agent: ANN, text: 'Hello', internal: false, ...over } }); // prettier-ignore

const ANN = { id: 'ann', name: 'Ann' };
const FILE = { id: 'f-1', name: 'a.pdf', url: 'https://files.echo-desk.example/f-1' };
const BOB = { id: 'bob', name: 'Bob' };
const SALES = { id: 'sales', name: 'Sales' };
const joined = (agent: object): Body => event('agent.joined', { agent });
const left = (agent: object): Body => event('agent.left', { agent });
const transferred = (): Body => event('chat.transferred');
const queued = (): Body => event('chat.queued', { queue: SALES });

conformance({
  provider: () => new EchoProvider(new HttpService()),
  settings: (baseUrl, name) => {
    const { id: account, apiKey, secret: webhookSecret } = accountOf(name);
    return { baseUrl, account, apiKey, webhookSecret, webhookToken: `the-token-of-${name}` };
  },
  defaults: { queueId: 'sales' },
  otherQueue: 'billing',
  wrongSettings: [{ change: { apiKey: 'key\nof two lines' }, pointer: '/apiKey' }],
  vendor: (name) => new EchoDesk(accountOf(name), accountOf(name === 'first' ? 'second' : 'first')),
  webhooks: {
    proof: 'body and time',
    events: [
      { name: 'chat.opened', body: event('chat.opened'), facts: ['created'] },
      { name: 'chat.queued', body: queued(), facts: ['queued'] },
      { name: 'chat.transferred', body: transferred(), facts: ['transferred'] },
      { name: 'agent.joined', body: joined(ANN), facts: ['agent.joined'] },
      { name: 'agent.left', body: left(ANN), facts: ['agent.left'] },
      { name: 'agent.typing', body: event('agent.typing', { agent: ANN, typing: true }), facts: ['typing'] },
      {
        name: 'agent.typing no more',
        body: event('agent.typing', { agent: ANN, typing: false }),
        facts: ['typing'],
        typing: false,
      },
      {
        name: 'message.created',
        body: message({}),
        facts: ['message'],
        says: [{ text: 'Hello', files: [], by: 'ann' }],
      },
      {
        name: 'message.created with words and two files',
        body: message({ agent: BOB, text: 'Two of them', files: [FILE, { ...FILE, id: 'f-2', name: 'b.pdf' }] }),
        facts: ['message'],
        says: [{ text: 'Two of them', files: ['a.pdf', 'b.pdf'], by: 'bob' }],
      },
      {
        name: 'message.created with a file alone',
        body: message({ text: null, files: [FILE] }),
        facts: ['message'],
        says: [{ text: null, files: ['a.pdf'], by: 'ann' }],
      },
      { name: 'customer.left', body: event('customer.left'), facts: ['user.left'] },
      { name: 'chat.closed', body: event('chat.closed'), facts: ['idle'] },
      { name: 'chat.rated', body: event('chat.rated', { stars: 5 }), facts: ['ignored'] },
    ],
    aboutOne: [[message({ id: 'msg-one' }), event('message.changed', { message: { id: 'msg-one', text: 'Hallo' } })]],
    // Echo Desk knows the gateway by its key, and as nobody who could be in a chat.
    own: null,
    unknown: event('chat.of-tomorrow'),
    internalNote: message({ internal: true }),
    echo: message({ author: 'user', agent: undefined }),
    handshake: null,
    transfers: [
      [joined(ANN), transferred(), left(ANN), queued(), joined(BOB)],
      [joined(ANN), left(ANN), transferred(), queued(), joined(BOB)],
    ],
    endings: [
      [joined(ANN), left(ANN), event('chat.closed')],
      [joined(ANN), event('chat.closed')],
    ],
  },
});
