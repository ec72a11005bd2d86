import type { MessageFact, ProviderEvent } from '#contract';
import type { Answer } from '../fake-http.js';
import { readEvent } from './mapping.js';
import { sessions, type Mutant } from './mutant.js';
import type { ParleySession } from './session.js';
import type { FakeParley } from './vendor.js';

const SAYS = 'what an agent says comes in its own words, with all its files and with who said it';
const LISTS = 'a message that messagesSince lists says what its event says, files and all';
const OWN = "the gateway's own teammate is no agent";
const FOREIGN = 'a genuine webhook of another account is refused, or says whose it is';

const mapping = (change: (event: ProviderEvent, body: Record<string, unknown>) => ProviderEvent) =>
  sessions((session) => {
    const events = session.events.bind(session);
    session.events = (webhook) => events(webhook).map((event) => change(event, readEvent(webhook.body)));
  });

const messages = (change: (message: MessageFact) => Partial<MessageFact>) =>
  mapping((event) => (event.type === 'message' ? { ...event, ...change(event) } : event));

const listing = (change: (message: MessageFact) => Partial<MessageFact>) =>
  sessions((session) => {
    const list = session.messagesSince.bind(session);
    session.messagesSince = async (id, since) => {
      const found = await list(id, since);
      return { ...found, messages: found.messages.map((message) => ({ ...message, ...change(message) })) };
    };
  });

const keys = (keyOf: (event: Record<string, unknown>) => unknown) =>
  sessions((session) => {
    const verify = session.verify.bind(session);
    session.verify = async (webhook) => ({ ...(await verify(webhook)), key: String(keyOf(readEvent(webhook.body))) });
  });

const nothing = (): void => undefined;
const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** A fake that lets pass what its vendor would refuse. */
const laxly = (change: (fake: FakeParley) => void): Pick<Mutant, 'change' | 'vendor'> => ({
  change: nothing,
  vendor: change,
});

/** Wrong in what is said, by whom, and in how things are told apart. */
export const mutantsOfPeople: Mutant[] = [
  {
    wrong: 'it drops files beside words',
    breaks: [SAYS],
    change: messages(({ text, attachments }) => ({ attachments: text === null ? attachments : [] })),
  },
  {
    wrong: 'it drops the second of two files',
    breaks: [SAYS],
    change: messages(({ attachments }) => ({ attachments: attachments.slice(0, 1) })),
  },
  {
    wrong: 'it turns files round',
    breaks: [SAYS],
    change: messages(({ attachments }) => ({ attachments: attachments.toReversed() })),
  },
  { wrong: 'it drops words beside files', breaks: [SAYS], change: messages(({ text, attachments }) => ({ text: attachments.length > 0 ? null : text })) }, // prettier-ignore
  { wrong: 'it shouts', breaks: [SAYS], change: messages(({ text }) => ({ text: text?.toUpperCase() ?? null })) },
  {
    wrong: 'it takes everything for the words of one agent',
    breaks: [SAYS],
    change: messages(() => ({ agent: { id: '17', name: null } })),
  },
  {
    wrong: 'it takes what an agent says for what the system says',
    breaks: [SAYS],
    change: messages(() => ({ author: 'system' })),
  },
  { wrong: 'it lists messages without their files', breaks: [LISTS], change: listing(() => ({ attachments: [] })) },
  {
    wrong: 'it lists the first of two files',
    breaks: [LISTS],
    change: listing(({ attachments }) => ({ attachments: attachments.slice(0, 1) })),
  },
  { wrong: 'it lists messages of nobody', breaks: [LISTS], change: listing(() => ({ agent: null })) },
  {
    wrong: 'it lists messages as those of another agent',
    breaks: [LISTS],
    change: listing(() => ({ agent: { id: '18', name: null } })),
  },
  {
    wrong: "it passes an agent's number on as a number",
    breaks: ['ids in facts are text, whatever they are at the vendor'],
    change: mapping((event, { agent }) =>
      'agent' in event && event.agent
        ? { ...event, agent: { ...event.agent, id: (agent as { id: string }).id } }
        : event,
    ),
  },
  {
    wrong: 'it takes its own app for an agent who joins',
    breaks: [OWN],
    change: mapping((event, { type }) =>
      type === 'joined' && event.type === 'ignored'
        ? { conversation: event.conversation, at: event.at, type: 'agent.joined', agent: { id: '1', name: null } }
        : event,
    ),
  },
  {
    wrong: 'it finds its own app among the agents',
    breaks: [OWN],
    change: sessions((session) => {
      const inspect = session.inspect.bind(session);
      session.inspect = async (id) => ({ ...(await inspect(id)), agents: [{ id: '1', name: null }] });
    }),
  },
  {
    wrong: 'it knows an event by the message that it is about',
    breaks: ['two events about one thing have two keys'],
    change: keys(({ message, id }) => message ?? id),
  },
  {
    wrong: 'it knows an event by its chat and the agent in it',
    breaks: ['two events about one thing have two keys'],
    change: keys(({ chat, agent }) => `${String(chat)}/${JSON.stringify(agent)}`),
  },
  {
    wrong: 'it takes the agents of a conversation as they are',
    breaks: ['inspect finds the agents of a conversation, whether their ids are numbers or text'],
    change: sessions((session) => {
      const { client, inspect } = { client: session.client, inspect: session.inspect.bind(session) };
      session.inspect = async (id) => {
        const { agents } = await client.json('GET', `/chats/${id.slice(id.indexOf('/') + 1)}`);
        return { ...(await inspect(id)), agents: agents as { id: string; name: null }[] };
      };
    }),
  },
  {
    wrong: 'it compares the number of a queue with its text',
    breaks: ['availability finds the agents of a queue, whether its id is a number or text at the vendor'],
    change: sessions((session) => (session.queueIn = (queues, id) => queues.find((queue) => queue.id === id))),
  },
  {
    wrong: 'it takes all agents for those of the queue',
    breaks: ['availability finds the agents of a queue, whether its id is a number or text at the vendor'],
    change: sessions((session) => (session.queueIn = ([queue]) => queue)),
  },
  {
    wrong: 'it finds no conversation whose id is a number',
    breaks: ['findStarted finds a conversation, whether its id is a number or text'],
    change: sessions((session) => {
      const { client, prefix } = session;
      session.findStarted = async (handover) => {
        const [chat] = (await client.json('GET', `/chats?ref=${handover}`)).chats as { id: unknown }[];
        return typeof chat?.id === 'string' ? prefix + chat.id : null;
      };
    }),
  },
  {
    wrong: 'it takes whatever is signed with the one secret of all accounts',
    breaks: [FOREIGN],
    change: sessions((session: ParleySession) => {
      const verify = session.verify.bind(session);
      session.verify = (webhook) =>
        verify(webhook).catch(() => ({ key: String(readEvent(webhook.body).id), tenant: null, body: webhook.body }));
    }),
  },
  {
    wrong: 'it escapes what is shown as plain text',
    breaks: ["markup in the user's name and in what was said before is shown as it was said"],
    change: sessions((session) => {
      const start = session.start.bind(session);
      session.start = ({ transcript, ...request }) =>
        start({ ...request, transcript: transcript.map(({ author, text }) => ({ author, text: escaped(text) })) });
    }),
  },
  {
    wrong: 'its fake signs for another account with a secret that nobody has',
    breaks: [FOREIGN],
    ...laxly((fake) => {
      const sign = fake.sign.bind(fake);
      fake.sign = (body, how) => sign(body, how.by === 'another account' ? { ...how, by: 'stranger' } : how);
    }),
  },
  {
    wrong: 'its fake takes every key',
    breaks: ['the fake refuses what proves another account'],
    ...laxly((fake) => (fake.allowed = (_call, answer): Answer => answer())),
  },
  {
    wrong: 'its fake takes messages for conversations that are not there',
    breaks: ['the fake knows no conversation that was never opened'],
    ...laxly((fake) => {
      for (const route of fake.routes)
        if (route.does?.includes('send')) route.answer = (): Answer => ({ status: 200, body: {} });
    }),
  },
];
