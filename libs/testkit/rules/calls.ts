import { inspect } from 'node:util';
import { settingsOf } from '#contract';
import {
  accountAt,
  conversationOf,
  failureOf,
  handoverId,
  LINK,
  metWith,
  requestOf,
  textOf,
  withAccount,
} from '../account.js';
import { ensure, type Rule } from '../rule.js';

const SEE = 'ProviderSession in libs/contract/provider.ts';

export const callRules: Rule[] = [
  {
    name: 'start opens one conversation, with the user and all that was said before',
    see: `${SEE}: start`,
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        const request = requestOf(harness);
        const { shown } = conversationOf(vendor, await session.start(request));
        ensure(vendor.conversations().length === 1, `the vendor has ${vendor.conversations().length} conversations`);
        ensure(shown.includes(request.user.name!), "agents are not shown the user's name");
        const places = request.transcript.map(({ text }) => shown.indexOf(text));
        ensure(!places.includes(-1), 'agents are not shown what was said before');
        ensure(places[0]! < places[1]!, 'what was said before is not shown in its order');
      });
    },
  },
  {
    name: "start shows the copilot's link to agents",
    see: 'StartRequest.copilotUrl in libs/contract/provider.ts',
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        const id = await session.start(requestOf(harness, { copilotUrl: LINK }));
        ensure(conversationOf(vendor, id).shown.includes(LINK), "agents are not shown the copilot's link");
      });
    },
  },
  {
    name: 'what a request sets for itself wins over the defaults',
    see: 'StartRequest.settings in libs/contract/provider.ts',
    applies: (harness) =>
      harness.otherQueue !== undefined && 'queueId' in settingsOf(harness.provider().definition.handoverSettings),
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        const { otherQueue } = harness;
        // Where the sample has no default for it, one that no vendor has: it must not be looked at.
        const defaults = { queueId: `${otherQueue}0`, ...harness.defaults };
        const request = requestOf(harness, { defaults, settings: { queueId: otherQueue } });
        const errors = session.validate(request);
        ensure(errors.length === 0, `a queue of its own is refused: ${inspect(errors)}`);
        const { queue } = conversationOf(vendor, await session.start(request));
        ensure(queue === otherQueue, `with the queue ${otherQueue} of its own the conversation is in ${queue}`);
      });
    },
  },
  {
    name: 'send brings the words of user and bot, told apart and in order',
    see: `${SEE}: send`,
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        const id = await session.start(requestOf(harness));
        await session.send(id, textOf('one', 'user'));
        await session.send(id, textOf('two', 'bot'));
        await session.send(id, textOf('three', 'user'));
        const seen = conversationOf(vendor, id).messages.map(({ author, text }) => `${author}: ${text}`);
        ensure(seen.join() === 'user: one,bot: two,user: three', `what arrived is ${inspect(seen)}`);
      });
    },
  },
  {
    name: 'end ends the conversation for the user',
    see: `${SEE}: end`,
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        const id = await session.start(requestOf(harness));
        ensure(conversationOf(vendor, id).isOpen, 'the fake has the new conversation as over');
        await session.end(id);
        ensure(!conversationOf(vendor, id).isOpen, 'the conversation is still open at the vendor');
      });
    },
  },
  {
    name: 'end is safe to repeat, and a conversation that is gone counts as ended',
    see: `${SEE}: end`,
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        const id = await session.start(requestOf(harness));
        await session.end(id);
        await session.end(id);
        const other = await session.start(requestOf(harness, { handoverId: handoverId(2), sessionId: 'session-2' }));
        const met = vendor.http.next('end', { answer: () => ({ status: 404, body: vendor.refusal ?? {} }) });
        await metWith(met, 'end', () => session.end(other));
      });
    },
  },
  {
    name: 'a replica that has just started goes on where another one was',
    see: `${SEE}, which keeps no state of a handover`,
    async run(harness) {
      await withAccount(harness, async ({ vendor, session, elsewhere }) => {
        const id = await session.start(requestOf(harness));
        const other = elsewhere();
        await other.send(id, textOf('from elsewhere'));
        const [message] = conversationOf(vendor, id).messages;
        ensure(message?.text === 'from elsewhere', 'another session of the account cannot send into the conversation');
        await other.end(id);
        ensure(!conversationOf(vendor, id).isOpen, 'another session of the account cannot end the conversation');
      });
    },
  },
  {
    name: 'two accounts share nothing',
    see: SEE,
    async run(harness) {
      await withAccount(harness, async ({ vendor: here }) => {
        await withAccount(
          harness,
          async ({ vendor: there }) => {
            const provider = harness.provider();
            const first = accountAt(harness, here, 'first', provider);
            const second = accountAt(harness, there, 'second', provider);
            const ids = new Set<string>();
            for (const account of [first, second]) {
              const id = await account.session.start(requestOf(harness));
              ensure(!ids.has(id), `both accounts have a conversation ${inspect(id)}: put the account before the id`);
              ids.add(id);
              await account.session.send(id, textOf('hello'));
              const found = account.vendor.conversations();
              ensure(
                found.length === 1 && found[0]!.messages.length === 1,
                'what one account was sent went to another',
              );
            }
            for (const [mine, other] of [
              [first, second],
              [second, first],
            ] as const)
              for (const { headers, raw, path, query } of mine.vendor.http.calls) {
                const said = `${inspect(headers)} ${raw.toString()} ${path} ${String(query)}`;
                const own = other.secrets.filter((secret) => !mine.secrets.includes(secret));
                const isTold = own.some((secret) => said.includes(secret));
                ensure(!isTold, "a secret of one account was told to another account's vendor");
              }
          },
          'second',
        );
      });
    },
  },
  {
    name: 'fifty conversations at the same time each stay in order',
    see: SEE,
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        const texts = ['one', 'two', 'three'];
        const converse = async (_: unknown, number: number): Promise<void> => {
          const of = { handoverId: handoverId(number), sessionId: `session-${number}`, userId: `user-${number}` };
          const id = await session.start(requestOf(harness, of));
          for (const text of texts) await session.send(id, textOf(`${number} ${text}`));
          const seen = conversationOf(vendor, id).messages.map(({ text }) => text);
          const expected = texts.map((text) => `${number} ${text}`);
          ensure(seen.join() === expected.join(), `conversation ${number} has ${inspect(seen)}`);
        };
        await Promise.all(Array.from({ length: 50 }, converse));
      });
    },
  },
  {
    name: 'a vendor that is not there is unreachable, and everything may be tried again',
    see: 'PROVIDER_ERRORS.unreachable in libs/contract/errors.ts',
    async run(harness) {
      let id = '';
      await withAccount(harness, async ({ session }) => void (id = await session.start(requestOf(harness))));
      // Another one that was never called: a connection that stood would break, which is something else.
      await withAccount(harness, async ({ vendor, session }) => {
        await vendor.http.stop();
        for (const [what, call] of [
          ['start', () => session.start(requestOf(harness))],
          ['send', () => session.send(id, textOf('hello'))],
          ['end', () => session.end(id)],
        ] as const) {
          const { code } = await failureOf(call(), what);
          ensure(code === 'unreachable', `${what} failed as ${code} in place of unreachable`);
        }
      });
    },
  },
];
