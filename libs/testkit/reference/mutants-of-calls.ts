import { ProviderError, type StartRequest } from '#contract';
import type { ParleyClient } from './client.js';
import { sending, sessions, type Mutant } from './mutant.js';
import { pathOf, type ParleySession } from './session.js';

type Start = ParleySession['start'];

const starting = (change: (request: StartRequest, start: Start) => Promise<string>) =>
  sessions((session) => {
    const start = session.start.bind(session);
    session.start = (request) => change(request, start);
  });

const clients = (change: (client: ParleyClient) => void) => sessions(({ client }) => change(client));

const refusing = (change: (error: ProviderError, answer: Response) => ProviderError) =>
  clients((client) => {
    const refused = client.refused.bind(client);
    client.refused = (answer) => change(refused(answer), answer);
  });

const nothing = async (): Promise<void> => undefined;
/** What a careless author keeps outside the session. */
const kept = { current: '' };

const CODES = [400, 401, 403, 404, 409, 413, 422, 429, 500, 503];
const RULES: Record<number, string> = {
  400: 'an answer 400 is invalid',
  401: 'an answer 401 is unauthorized',
  403: 'an answer 403 is forbidden',
  404: 'an answer 404 is not_found',
  409: 'an answer 409 is conflict',
  413: 'an answer 413 is too_large',
  422: 'an answer 422 is invalid',
  429: 'an answer 429 is rate_limited',
  500: 'an answer 500 is unknown_outcome',
  503: 'an answer 503 is unknown_outcome',
};

/** Wrong in what a provider sends, and in what it makes of answers. */
export const mutantsOfCalls: Mutant[] = [
  ...CODES.map((status): Mutant => ({
    wrong: `an answer ${status} is taken for an unsupported call`,
    breaks: [RULES[status]!],
    change: refusing((error, answer) => (answer.status === status ? new ProviderError('unsupported', 'no') : error)),
  })),
  {
    wrong: 'it tells agents nothing of what was said before',
    breaks: ['start opens one conversation, with the user and all that was said before'],
    change: starting((request, start) => start({ ...request, transcript: [] })),
  },
  {
    wrong: 'it keeps the link of the copilot to itself',
    breaks: ["start shows the copilot's link to agents"],
    change: starting((request, start) => start({ ...request, copilotUrl: null })),
  },
  {
    wrong: 'the defaults win over what a request sets for itself',
    breaks: ['what a request sets for itself wins over the defaults'],
    change: starting((request, start) => start({ ...request, settings: { ...request.settings, ...request.defaults } })),
  },
  {
    wrong: 'it knows nothing but the defaults',
    breaks: ['what a request sets for itself wins over the defaults'],
    change: starting((request, start) => start({ ...request, settings: {} })),
  },
  {
    wrong: 'it opens two conversations',
    breaks: ['start opens one conversation, with the user and all that was said before'],
    change: starting(async (request, start) => (await start(request)) && start(request)),
  },
  {
    wrong: 'it says what the bot said as the user',
    breaks: ['send brings the words of user and bot, told apart and in order'],
    change: sending((id, message, send) => send(id, { ...message, author: 'user' })),
  },
  { wrong: 'it ends nothing', breaks: ['end ends the conversation for the user'], change: sessions((s) => (s.end = nothing)) }, // prettier-ignore
  {
    wrong: 'it cannot end twice',
    breaks: ['end is safe to repeat, and a conversation that is gone counts as ended'],
    change: sessions((s) => (s.end = async (id) => void (await s.client.json('POST', `${pathOf(id)}/close`, {})))),
  },
  {
    wrong: 'it only knows conversations that it opened itself',
    breaks: ['a replica that has just started goes on where another one was'],
    change: sessions((session) => {
      const mine = new Set<string>();
      const [start, send] = [session.start.bind(session), session.send.bind(session)];
      session.start = async (request) => {
        const id = await start(request);
        mine.add(id);
        return id;
      };
      session.send = async (id, message) => void (mine.has(id) && (await send(id, message)));
    }),
  },
  {
    wrong: 'all accounts use the client of the first one',
    breaks: ['two accounts share nothing'],
    change(provider) {
      const open = provider.open.bind(provider);
      let first: ParleySession | null = null;
      provider.open = (settings, context) => {
        const session = open(settings, context);
        first ??= session;
        return Object.assign(session, { client: first.client });
      };
    },
  },
  {
    wrong: 'it takes the number of a conversation, which another account has too, for its id',
    breaks: ['two accounts share nothing'],
    change: sessions((session) => {
      const start = session.start.bind(session);
      session.start = async (request) => (await start(request)).replace(session.prefix, '');
    }),
  },
  {
    wrong: 'it sends into the conversation that was opened last',
    breaks: ['fifty conversations at the same time each stay in order'],
    change: sessions((session) => {
      const [start, send] = [session.start.bind(session), session.send.bind(session)];
      session.start = async (request) => (kept.current = await start(request));
      session.send = (_id, message) => send(kept.current, message);
    }),
  },
  {
    wrong: 'it takes a refused connection for an unknown outcome',
    breaks: ['a vendor that is not there is unreachable, and everything may be tried again'],
    change: clients((client) => (client.unanswered = () => new ProviderError('unknown_outcome', 'no'))),
  },
  {
    wrong: 'it passes on what the vendor repeats',
    breaks: [
      'no secret is in an error, whatever the vendor repeats',
      "the copilot's link is neither in errors nor in the log",
    ],
    change: clients((client) => {
      const call = client.call.bind(client);
      client.call = async (method, path, init) => {
        try {
          return await call(method, path, init);
        } catch (error) {
          const { code, message, retryAfterMs } = error as ProviderError;
          throw new ProviderError(code, `${message} ${client.options.apiKey} ${String(init?.body)}`, retryAfterMs);
        }
      };
    }),
  },
  {
    wrong: 'it logs what it sends',
    breaks: ['no secret is in the log', 'no words of a message are in the log', "the copilot's link is neither in errors nor in the log"], // prettier-ignore
    change: clients((client) => {
      const call = client.call.bind(client);
      client.call = (method, path, init) => {
        client.options.log.debug({ key: client.options.apiKey, body: init?.body }, 'sending');
        return call(method, path, init);
      };
    }),
  },
  ...(['typing', 'thinking', 'read'] as const).map((name): Mutant => ({
    wrong: `${name} does nothing`,
    breaks: [`${name} reaches the agent`],
    change: sessions((session) => (session[name] = nothing)),
  })),
  {
    wrong: 'an update changes nothing',
    breaks: ['update changes the user and the queue'],
    change: sessions((session) => (session.update = nothing)),
  },
  {
    wrong: 'it moves nothing to a queue',
    breaks: ['reassign moves a conversation that began at the vendor to the queue, once'],
    change: sessions((session) => (session.reassign = nothing)),
  },
  {
    wrong: 'it asks for no conversation back',
    breaks: ['handBack asks for the conversation back, and is safe to repeat'],
    change: sessions((session) => (session.handBack = nothing)),
  },
  {
    wrong: 'it uploads only the first piece of a file',
    breaks: ['upload brings a file, and the message that names it shows it'],
    change: sessions((session) => {
      const upload = session.upload.bind(session);
      session.upload = async (id, file) => {
        for await (const piece of file.content()) return upload(id, { ...file, content: () => onlyOne(piece) });
        return '';
      };
    }),
  },
  {
    wrong: 'it forgets the files of a message',
    breaks: ['upload brings a file, and the message that names it shows it'],
    change: sending((id, message, send) => send(id, { ...message, attachments: [] })),
  },
  {
    wrong: 'it opens another file than the one that was asked for',
    breaks: ["download opens a file of an agent's"],
    change: sessions((session) => {
      const download = session.download.bind(session);
      session.download = (id, file, signal) => download(id, { ...file, id: 'file-0' }, signal);
    }),
  },
  {
    wrong: 'it finds a conversation for every handover',
    breaks: ['findStarted finds a conversation by its handover, and no other'],
    change: sessions((session) => (session.findStarted = async () => 'acme/1')),
  },
  {
    wrong: 'it does not count equal messages',
    breaks: ['findSent finds what was sent, and counts what is equal'],
    change: sessions((session) => {
      const find = session.findSent.bind(session);
      session.findSent = (id, message) => find(id, message, 0);
    }),
  },
  {
    wrong: 'it does not say that it could not be told who is there',
    breaks: ['availability tells what there is to tell, and a gap in place of a failure'],
    change: sessions((s) => (s.availability = async () => void (await s.client.json('GET', '/queues/main')) as never)),
  },
  {
    wrong: 'it tells the queue of the defaults, whatever the handover asks for',
    breaks: ['queueOf tells the queue that a handover would wait in'],
    change: sessions((session) => (session.queueOf = ({ defaults }) => defaults.queueId ?? null)),
  },
  {
    wrong: 'its check throws',
    breaks: ['check finds nothing wrong with an account in order, and what is wrong with a broken one'],
    change: sessions((s) => (s.check = async () => void (await s.client.json('GET', '/account')) as never)),
  },
  {
    wrong: 'it never sees agents',
    breaks: ['inspect says how a conversation stands, from its start until it is gone'],
    change: sessions(
      (s) => (s.inspect = async () => ({ state: 'open', agents: [], queue: null, hasUserLeft: false, at: null })),
    ),
  },
  {
    wrong: 'it takes any refusal for a conversation that is gone',
    breaks: ['inspect of an account that does not work is an error, not a conversation that is gone'],
    change: sessions((session) => {
      const inspect = session.inspect.bind(session);
      const gone = { state: 'gone' as const, agents: null, queue: null, hasUserLeft: false, at: null };
      session.inspect = (id) => inspect(id).catch(() => gone);
    }),
  },
  {
    wrong: 'it takes any 404 for a conversation that is gone',
    breaks: ['inspect of an account that does not work is an error, not a conversation that is gone'],
    change: sessions((session) => {
      const inspect = session.inspect.bind(session);
      session.inspect = (id) =>
        inspect(id).catch((error: ProviderError) => {
          if (error.code !== 'not_found') throw error;
          return { state: 'gone', agents: null, queue: null, hasUserLeft: false, at: null };
        });
    }),
  },
  {
    wrong: 'it lists the newest message first',
    breaks: ['messagesSince lists what agents said, each once and in order, and nothing of ours'],
    change: sessions((session) => {
      const list = session.messagesSince.bind(session);
      session.messagesSince = async (id, since) => {
        const { messages, from } = await list(id, since);
        return { messages: messages.reverse(), from };
      };
    }),
  },
  {
    wrong: 'it does not hear when to try again',
    breaks: ['Retry-After of an answer 429 is told, in seconds and as a date'],
    change: clients((client) => (client.retryAfterMs = () => undefined)),
  },
  {
    wrong: 'it waits for ever',
    breaks: ['an answer that never comes ends in time, with an unknown outcome'],
    change: clients((client) => (client.limit = (signal) => signal ?? new AbortController().signal)),
  },
  {
    wrong: 'it waits for a minute',
    breaks: ['an answer that never comes ends in time, with an unknown outcome'],
    change: clients((client) => (client.limit = () => AbortSignal.timeout(60_000))),
  },
  {
    wrong: 'it takes a broken connection for one that never stood',
    breaks: [
      'a connection that breaks before the effect is an unknown outcome, and reading back tells what became of it',
      'a connection that breaks after the effect is an unknown outcome, and reading back tells what became of it',
    ],
    change: clients((client) => (client.unanswered = () => new ProviderError('unreachable', 'no'))),
  },
  {
    wrong: 'it tries again by itself',
    breaks: [
      'a connection that breaks after the effect is an unknown outcome, and reading back tells what became of it',
    ],
    change: clients((client) => {
      const call = client.call.bind(client);
      client.call = (...all) => call(...all).catch(() => call(...all));
    }),
  },
  {
    wrong: 'it takes a failed question for a no',
    breaks: ['a question that fails is an error and never an answer'],
    change: sessions((session) => {
      const find = session.findStarted.bind(session);
      session.findStarted = (id) => find(id).catch(() => null);
    }),
  },
  {
    wrong: 'an aborted download counts as an unknown outcome',
    breaks: ['a download that the gateway aborts, as it does when it stops, ends at once and is no failed attempt'],
    change: clients((client) => (client.unanswered = () => new ProviderError('unknown_outcome', 'no'))),
  },
];

async function* onlyOne(piece: Uint8Array): AsyncGenerator<Uint8Array> {
  yield piece;
}
