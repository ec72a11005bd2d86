import { ProviderError, type ProviderErrorCode } from '#contract';
import { conversationOf, failureOf, HANDOVER, meeting, metWith, requestOf, textOf, withAccount } from '../account.js';
import type { Answer } from '../fake-http.js';
import { commandsOf, questionsOf } from '../operations.js';
import { ensure, type Rule } from '../rule.js';
import { TrappedTimers } from '../trapped-timers.js';

const SEE = 'PROVIDER_ERRORS in libs/contract/errors.ts';
const SEE_TIME =
  'ProviderSession in libs/contract/provider.ts: every call ends within 30 s, one that carries a file within 90 s';

const CODES: [number, ProviderErrorCode][] = [
  [400, 'invalid'],
  [401, 'unauthorized'],
  [403, 'forbidden'],
  [404, 'not_found'],
  [409, 'conflict'],
  [413, 'too_large'],
  [422, 'invalid'],
  [429, 'rate_limited'],
  [500, 'unknown_outcome'],
  [503, 'unknown_outcome'],
];

function rule(status: number, code: ProviderErrorCode): Rule {
  return {
    name: `an answer ${status} is ${code}`,
    see: SEE,
    async run(harness) {
      await withAccount(harness, async (account) => {
        const id = await account.session.start(requestOf(harness));
        for (const [operation, call] of commandsOf(harness)) {
          // A conversation that is gone counts as ended.
          if (operation === 'end' && status === 404) continue;
          const met = account.vendor.http.next(operation, {
            answer: () => ({ status, body: account.vendor.refusal ?? {} }),
          });
          const outcome = metWith(met, operation, () => call(account, id, harness));
          const failure = await failureOf(outcome, `${operation} with an answer ${status}`);
          ensure(failure.code === code, `${operation} failed as ${failure.code} in place of ${code}`);
        }
      });
    },
  };
}

export const errorRules: Rule[] = [
  ...CODES.map(([status, code]) => rule(status, code)),
  {
    name: 'Retry-After of an answer 429 is told, in seconds and as a date',
    see: 'ProviderError.retryAfterMs in libs/contract/errors.ts',
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        const id = await session.start(requestOf(harness));
        for (const after of ['7', 'Wed, 25 Nov 2026 12:00:07 GMT']) {
          const answer = (): Answer => ({ status: 429, headers: { 'retry-after': after }, body: {} });
          const met = vendor.http.next('send', { answer });
          const outcome = metWith(met, 'send', () => session.send(id, textOf('hello')));
          const { retryAfterMs } = await failureOf(outcome, 'send with an answer 429');
          ensure(retryAfterMs === 7_000, `Retry-After: ${after} became ${retryAfterMs} in place of 7000 milliseconds`);
        }
      });
    },
  },
  {
    name: 'an answer that never comes ends in time, with an unknown outcome',
    see: SEE_TIME,
    async run(harness) {
      for (const [operation, call] of commandsOf(harness))
        await withAccount(harness, async (account) => {
          const id = await account.session.start(requestOf(harness));
          const limit = operation === 'upload' ? 90_000 : 30_000;
          const timers = new TrappedTimers();
          try {
            const met = account.vendor.http.next(operation, 'hang');
            const outcome = call(account, id, harness);
            await meeting(met, operation, outcome);
            const isOver = await timers.pass(limit, outcome);
            ensure(isOver, `${operation} still waits after ${limit / 1_000} s`);
            const { code } = await failureOf(outcome, `${operation} without an answer`);
            ensure(code === 'unknown_outcome', `${operation} without an answer is ${code} in place of unknown_outcome`);
          } finally {
            timers.release();
          }
        });
    },
  },
  ...(['before', 'after'] as const).map((when): Rule => ({
    name: `a connection that breaks ${when} the effect is an unknown outcome, and reading back tells what became of it`,
    see: `${SEE}, findStarted and findSent in libs/contract/provider.ts`,
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        const startMet = vendor.http.next('start', `reset ${when}`);
        const starting = metWith(startMet, 'start', () => session.start(requestOf(harness)));
        const started = await failureOf(starting, 'start with a broken connection');
        ensure(started.code === 'unknown_outcome', `start failed as ${started.code} in place of unknown_outcome`);
        const opened = vendor.conversations();
        ensure(opened.length === (when === 'after' ? 1 : 0), `the vendor has ${opened.length} conversations`);
        const found = await session.findStarted?.(HANDOVER);
        ensure(
          found === undefined || found === (opened[0]?.id ?? null),
          `findStarted says ${found} of ${HANDOVER} in place of ${opened[0]?.id ?? null}`,
        );
        const id = opened[0]?.id ?? (await session.start(requestOf(harness)));
        const sendMet = vendor.http.next('send', `reset ${when}`);
        const sending = metWith(sendMet, 'send', () => session.send(id, textOf('hello')));
        const sent = await failureOf(sending, 'send with a broken connection');
        ensure(sent.code === 'unknown_outcome', `send failed as ${sent.code} in place of unknown_outcome`);
        const count = conversationOf(vendor, id).messages.length;
        ensure(count === (when === 'after' ? 1 : 0), `the conversation has ${count} messages`);
        const isSent = await session.findSent?.(id, textOf('hello'), 0);
        ensure(isSent === undefined || isSent === (when === 'after'), `findSent says ${isSent}`);
      });
    },
  })),
  {
    name: 'a question that fails is an error and never an answer',
    see: 'ProviderSession in libs/contract/provider.ts: findStarted, findSent, inspect, messagesSince',
    applies: (harness) => questionsOf(harness).length > 0,
    async run(harness) {
      await withAccount(harness, async (account) => {
        const id = await account.session.start(requestOf(harness));
        for (const [operation, call] of questionsOf(harness))
          for (const status of [401, 429, 500]) {
            const met = account.vendor.http.next(operation, {
              answer: () => ({ status, body: account.vendor.refusal ?? {} }),
            });
            const outcome = metWith(met, operation, () => call(account, id, harness));
            await failureOf(outcome, `${operation} with an answer ${status}`);
          }
      });
    },
  },
  {
    name: 'a download that the gateway aborts, as it does when it stops, ends at once and is no failed attempt',
    see: 'PROVIDER_ERRORS.cancelled in libs/contract/errors.ts, ProviderSession.download in libs/contract/provider.ts',
    applies: (harness) => harness.provider().definition.capabilities.includes('download'),
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        const id = await session.start(requestOf(harness));
        const file = vendor.agentSends!(id, Buffer.from('hello'));
        const timers = new TrappedTimers();
        try {
          const abort = new AbortController();
          const met = vendor.http.next('download', 'hang');
          const outcome = session.download!(id, file, abort.signal);
          await meeting(met, 'download', outcome);
          abort.abort();
          ensure(await timers.pass(0, outcome), 'the download goes on after it was aborted');
          const error = await outcome.catch((reason: unknown) => reason);
          const isFailure = error instanceof ProviderError && error.retry !== 'safe';
          ensure(!isFailure, 'an aborted download is told as a failure of the vendor');
        } finally {
          timers.release();
        }
      });
    },
  },
];
