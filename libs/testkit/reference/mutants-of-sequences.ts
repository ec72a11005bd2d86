import { ProviderError } from '#contract';
import { sessions, type Mutant } from './mutant.js';
import { pathOf, type ParleySession } from './session.js';

const STARTS =
  'a start that fails at any of its calls, and is tried again, opens no second conversation and leaves none behind';
const ANY = 'an operation of several calls ends in time, whichever of them gets no answer';
const LATE = 'an operation of several calls ends in time where each of them is answered at the very last moment';

/** A start that puts the chat into its queue by a call of its own. */
const startingInTwo = (second: (session: ParleySession, id: string) => Promise<unknown>) =>
  sessions((session) => {
    const start = session.start.bind(session);
    session.start = async (request) => {
      const id = await start(request);
      await second(session, id);
      return id;
    };
  });

const toQueue = ({ client }: ParleySession, id: string) => client.json('PATCH', pathOf(id), { queue: 'main' });

/** Wrong in operations of several calls. */
export const mutantsOfSequences: Mutant[] = [
  {
    wrong: 'after a chat is open, it throws whatever becomes of the next call',
    breaks: [STARTS],
    change: startingInTwo(toQueue),
  },
  {
    wrong: 'it gives a start up, for good, though the chat is open',
    breaks: [STARTS],
    change: startingInTwo((session, id) =>
      toQueue(session, id).catch(() => {
        throw new ProviderError('invalid', 'the queue is not there');
      }),
    ),
  },
  {
    wrong: 'it takes what follows on an open chat for a start that never reached the vendor',
    breaks: [STARTS],
    change: startingInTwo((session, id) =>
      toQueue(session, id).catch(() => {
        throw new ProviderError('unreachable', 'no answer');
      }),
    ),
  },
  {
    wrong: 'a call that is only for looking waits for ever',
    breaks: [ANY],
    change: sessions((session) => {
      const send = session.send.bind(session);
      session.send = async (id, message) => {
        const { baseUrl, apiKey } = session.client.options;
        await fetch(`${baseUrl}/account`, { headers: { authorization: `Bearer ${apiKey}` } });
        return send(id, message);
      };
    }),
  },
  {
    wrong: 'each of many calls may take its full time',
    breaks: [LATE],
    change: sessions((session) => {
      const start = session.start.bind(session);
      session.start = async (request) => {
        for (let calls = 0; calls < 3; calls += 1) await session.client.json('GET', '/account');
        return start(request);
      };
    }),
  },
  {
    wrong: 'it looks four times before it sends',
    breaks: [LATE],
    change: sessions((session) => {
      const send = session.send.bind(session);
      session.send = async (id, message) => {
        for (let calls = 0; calls < 4; calls += 1) await session.client.json('GET', pathOf(id));
        return send(id, message);
      };
    }),
  },
];
