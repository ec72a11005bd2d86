import { createHmac } from 'node:crypto';
import { WebhookRejected, type ProviderEvent, type VerifiedWebhook } from '#contract';
import { readEvent, signatureOf } from './mapping.js';
import { sessions, type Mutant } from './mutant.js';
import type { ParleySession } from './session.js';

const verifying = (change: (verified: VerifiedWebhook) => VerifiedWebhook) =>
  sessions((session) => {
    const verify = session.verify.bind(session);
    session.verify = async (webhook) => change(await verify(webhook));
  });

const mapping = (change: (events: ProviderEvent[], webhook: VerifiedWebhook) => ProviderEvent[]) =>
  sessions((session) => {
    const events = session.events.bind(session);
    session.events = (webhook) => change(events(webhook), webhook);
  });

/** Takes whatever it can read. */
const trusting: ParleySession['verify'] = async ({ body }) => ({ key: String(readEvent(body).id), tenant: null, body });

const without = (type: ProviderEvent['type']) => mapping((events) => events.filter((event) => event.type !== type));

const message = (text: string) => ({ type: 'message' as const, author: 'agent' as const, agent: null, text, cards: [], attachments: [] }); // prettier-ignore

/** Shows the text of every event that has one. */
const showing = (isShown: (event: Record<string, unknown>) => boolean) =>
  mapping((events, { body }) => {
    const event = readEvent(body);
    return isShown(event) ? [{ conversation: 'chat-1', at: null, ...message(String(event.text)) }] : events;
  });

/** Names messages in another way. */
const naming = (idOf: (id: string | undefined, text: string | null, webhook: VerifiedWebhook) => string | undefined) =>
  mapping((events, webhook) =>
    events.map((event) => (event.type === 'message' ? { ...event, id: idOf(event.id, event.text, webhook) } : event)),
  );

const typing = (change: (isTyping: boolean) => boolean) =>
  mapping((events) =>
    events.map((event) => (event.type === 'typing' ? { ...event, typing: change(event.typing) } : event)),
  );

let turn = 0;

/** Wrong in what a provider makes of webhooks. */
export const mutantsOfEvents: Mutant[] = [
  {
    wrong: 'it changes the bytes of a webhook',
    breaks: ['a genuine webhook is taken as it came, for its own account'],
    change: verifying((verified) => ({ ...verified, body: Buffer.from(`${verified.body.toString()} `) })),
  },
  {
    wrong: 'it takes its own events for those of somebody else',
    breaks: ['a genuine webhook is taken as it came, for its own account'],
    change: verifying((verified) => ({ ...verified, tenant: 'somebody' })),
  },
  {
    wrong: 'an event has a new key each time',
    breaks: ['the same event has the same key each time it comes, and another one has another'],
    change: verifying((verified) => ({ ...verified, key: `${verified.key}/${++turn}` })),
  },
  {
    wrong: 'all events of a conversation have the same key',
    breaks: ['the same event has the same key each time it comes, and another one has another'],
    change: verifying((verified) => ({ ...verified, key: 'chat-1' })),
  },
  {
    wrong: 'the signature is not looked at',
    breaks: [
      'a webhook that was tampered with is refused',
      'a webhook without its signature is refused, whatever is left of it',
      'a webhook that a stranger signed is refused',
      'a genuine webhook of another account is refused, or says whose it is',
    ],
    change: sessions((session) => (session.verify = trusting)),
  },
  {
    wrong: 'it asks for a signature only where there is one',
    breaks: ['a webhook without its signature is refused, whatever is left of it'],
    change: sessions((session) => {
      const verify = session.verify.bind(session);
      session.verify = (webhook) => (webhook.headers['x-parley-signature'] ? verify(webhook) : trusting(webhook));
    }),
  },
  {
    wrong: 'anybody can send events',
    breaks: ['what proves nothing is at least sent to a secret address'],
    change: sessions((session) => (session.verify = trusting)),
    proof: 'none',
  },
  {
    wrong: 'webhooks never grow old',
    breaks: ['a webhook that was signed too long ago is refused'],
    change: sessions((session) => {
      session.verify = async ({ headers, body }) => {
        const expected = signatureOf(String(headers['x-parley-time']), body, session.settings.signingKey);
        if (headers['x-parley-signature'] !== expected) throw new WebhookRejected('unauthorized', 'no');
        return trusting({ headers, body });
      };
    }),
  },
  {
    wrong: 'it parses before it has proven anything',
    breaks: ['what is no event at all is refused, and nothing else goes wrong'],
    change: sessions((session) => {
      const verify = session.verify.bind(session);
      session.verify = async (webhook) => {
        createHmac('sha256', 'x').update(String(JSON.parse(webhook.body.toString()).id));
        return verify(webhook);
      };
    }),
  },
  {
    wrong: 'it keeps what the vendor repeats of the link',
    breaks: ["the copilot's link is not in what verify returns, when the vendor repeats it"],
    change: sessions((session) => (session.masked = (body) => body)),
  },
  {
    wrong: 'it masks so much of the link that the event is lost',
    breaks: ["the copilot's link is not in what verify returns, when the vendor repeats it"],
    change: sessions((session) => (session.masked = (body) => Buffer.from(body.toString().replace(/URLToken=.*/, '')))),
  },
  {
    wrong: 'it does not know the connection test',
    breaks: ["the vendor's connection test is known as one"],
    change: sessions((session) => (session.isHandshake = () => false)),
  },
  {
    wrong: 'it passes over messages',
    breaks: ['every event of the vendor becomes the facts that are in it'],
    change: without('message'),
  },
  {
    wrong: 'it forgets the conversation',
    breaks: ['every event of the vendor becomes the facts that are in it'],
    change: mapping((events) => events.map((event) => ({ ...event, conversation: '' }))),
  },
  {
    wrong: 'it leaves out in events what it puts before ids',
    breaks: ['events name the conversation by the id that start returned, and the handover by its own'],
    change: sessions((session) => {
      const events = session.events.bind(session);
      session.events = (webhook) =>
        events(webhook).map((event) => ({ ...event, conversation: event.conversation.replace(session.prefix, '') }));
    }),
  },
  {
    wrong: "it takes the conversation's id for the handover's",
    breaks: ['events name the conversation by the id that start returned, and the handover by its own'],
    change: mapping((events) => events.map((event) => ({ ...event, handoverId: event.conversation }))),
  },
  {
    wrong: 'it leaves out the handover though the event names it',
    breaks: ['events name the conversation by the id that start returned, and the handover by its own'],
    change: mapping((events) => events.map(({ handoverId: _, ...event }) => event)),
  },
  {
    wrong: 'it does not say which agent a message is from',
    breaks: ['the agent whom an event names is in its facts'],
    change: mapping((events) => events.map((event) => (event.type === 'message' ? { ...event, agent: null } : event))),
  },
  {
    wrong: 'it takes milliseconds for seconds',
    breaks: ['the time of an event is one that can be, in milliseconds, or null'],
    change: mapping((events) => events.map((event) => ({ ...event, at: event.at && event.at * 1_000 }))),
  },
  {
    wrong: 'it takes seconds for milliseconds',
    breaks: ['the time of an event is one that can be, in milliseconds, or null'],
    change: mapping((events) => events.map((event) => ({ ...event, at: event.at && Math.trunc(event.at / 1_000) }))),
  },
  {
    wrong: 'it leaves out the ids of messages',
    breaks: ['a message that an event tells has the id by which messagesSince lists it'],
    change: naming(() => undefined),
  },
  {
    wrong: 'it leaves out the ids of some messages',
    breaks: ['a message that an event tells has the id by which messagesSince lists it'],
    change: naming((id, text) => (text === 'Hi' ? undefined : id)),
  },
  {
    wrong: "it takes the event's id for that of the message",
    breaks: ['a message that an event tells has the id by which messagesSince lists it'],
    change: naming((_id, _text, { body }) => String(readEvent(body).id)),
  },
  {
    wrong: 'it takes those who write for those who have stopped, and the other way round',
    breaks: ['typing is told as it is: agents write, or have stopped'],
    change: typing((isTyping) => !isTyping),
  },
  {
    wrong: 'nobody ever stops to write',
    breaks: ['typing is told as it is: agents write, or have stopped'],
    change: typing(() => true),
  },
  {
    wrong: 'it remembers what it mapped',
    breaks: ['mapping is pure: it gives the same facts again, and leaves the webhook as it is'],
    change: mapping((events) => events.map((event) => ({ ...event, at: ++turn }))),
  },
  {
    wrong: 'it breaks on an event that it does not know',
    breaks: ['an unknown event is ignored, with a reason'],
    change: mapping((events) => {
      if (events.some(({ type }) => type === 'ignored')) throw new TypeError('an unknown event');
      return events;
    }),
  },
  {
    wrong: 'it shows internal notes',
    breaks: ['an internal note never becomes a public message'],
    change: showing(({ internal }) => internal === true),
  },
  {
    wrong: 'it shows the user what the user said',
    breaks: ['a message that the gateway sent does not come back to the user'],
    change: showing(({ from }) => from === 'user'),
  },
  {
    wrong: 'it takes every leaving for an end',
    breaks: ["an agent's leaving after a transfer is not an end"],
    change: mapping((events) =>
      events.map((event) => (event.type === 'agent.left' ? { ...event, type: 'user.left' as const } : event)),
    ),
  },
  {
    wrong: 'it says nothing of an end',
    breaks: ['what ends a conversation ends the handover'],
    change: without('idle'),
  },
];
