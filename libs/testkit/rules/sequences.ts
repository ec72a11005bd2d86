import { ProviderError } from '#contract';
import { failureOf, HANDOVER, meeting, requestOf, withAccount, type Account } from '../account.js';
import type { Answer, Fault } from '../fake-http.js';
import type { FakeVendor, Operation, ProviderHarness } from '../harness.js';
import { commandsOf } from '../operations.js';
import { ensure, wrongly, type Rule } from '../rule.js';
import { TrappedTimers } from '../trapped-timers.js';

const SEE =
  'ProviderSession in libs/contract/provider.ts: start and findStarted; inSequence in libs/provider-kit/sequence.ts';
const SEE_TIME =
  'ProviderSession in libs/contract/provider.ts: every call ends within 30 s, one that carries a file within 90 s';

/** All that can become of one call; a refusal looks like one of the vendor's own. */
function faultsOf({ refusal = {} }: FakeVendor): [string, Fault][] {
  const answer = (status: number): Fault => ({ answer: (): Answer => ({ status, body: refusal }) });
  return [
    ...[400, 401, 404, 409, 422, 429, 500, 503].map((status): [string, Fault] => [
      `is answered ${status}`,
      answer(status),
    ]),
    ['breaks before its effect', 'reset before'],
    ['breaks after its effect', 'reset after'],
  ];
}

/** One of the calls of an operation: by its route, and by how many calls of that route come before it. */
interface Step {
  route: string;
  passing: number;
}

type Command = ReturnType<typeof commandsOf>[number][1];

/** The calls that an operation makes where nothing goes wrong, with a conversation that is there. */
async function stepsOf(harness: ProviderHarness, operation: Operation, command: Command): Promise<Step[]> {
  const steps: Step[] = [];
  await withAccount(harness, async (account) => {
    const id = await account.session.start(requestOf(harness));
    const { calls } = account.vendor.http;
    const before = calls.length;
    await command(account, id, harness).catch((error: unknown) => {
      throw wrongly(`${operation} fails with`, error);
    });
    for (const { route, method, path } of calls.slice(before)) {
      ensure(route !== null, `${operation} calls ${method} ${path}, and no route of the fake takes that`);
      steps.push({ route, passing: steps.filter((step) => step.route === route).length });
    }
  });
  return steps;
}

const nameOf = ({ route, passing }: Step): string => `${route}${passing === 0 ? '' : ` (its call ${passing + 1})`}`;

/** Starts as the core does: what is safe is tried again, and after an unknown outcome it is looked up first. */
async function startAsTheCore({ session }: Account, harness: ProviderHarness): Promise<string | ProviderError> {
  let last: ProviderError | null = null;
  let isUncertain = false;
  for (let tries = 0; tries < 3; tries += 1)
    try {
      const found = isUncertain ? await session.findStarted!(HANDOVER) : null;
      isUncertain = false;
      return found ?? (await session.start(requestOf(harness)));
    } catch (error) {
      if (!(error instanceof ProviderError)) throw wrongly('start throws, in place of a ProviderError,', error);
      last = error;
      isUncertain ||= error.retry === 'after_readback';
      if (!isUncertain && error.retry === 'never') return error;
      // What the vendor cannot be asked about is no fault of the provider's.
      if (isUncertain && !session.findStarted) return error;
    }
  return last!;
}

export const sequenceRules: Rule[] = [
  {
    name: 'a start that fails at any of its calls, and is tried again, opens no second conversation and leaves none behind',
    see: SEE,
    async run(harness) {
      const [, start] = commandsOf(harness).find(([operation]) => operation === 'start')!;
      for (const step of await stepsOf(harness, 'start', start))
        for (const [how, fault] of faultsOf(harness.vendor('first')))
          await withAccount(harness, async (account) => {
            void account.vendor.http.at(step.route, step.passing, fault);
            const outcome = await startAsTheCore(account, harness);
            const opened = account.vendor.conversations().length;
            const when = `where ${nameOf(step)} of a start ${how}`;
            const told = outcome instanceof ProviderError ? `fails as ${outcome.code}` : 'succeeds in the end';
            const isAsked = outcome instanceof ProviderError && outcome.retry === 'after_readback';
            ensure(opened <= 1, `${when}, the start is tried again and ${opened} conversations are open`);
            ensure(
              opened === 0 || typeof outcome === 'string' || isAsked,
              `${when}, it ${told}, though a conversation was opened: it stays there, and the handover has none. After the call that opens it, throw an unknown_outcome alone (inSequence of the kit does so), or nothing`,
            );
          });
    },
  },
  {
    name: 'an operation of several calls ends in time, whichever of them gets no answer',
    see: SEE_TIME,
    async run(harness) {
      for (const [operation, command] of commandsOf(harness))
        for (const step of await stepsOf(harness, operation, command))
          await inTime(harness, operation, command, async ({ vendor }, outcome, timers, limit) => {
            await meeting(vendor.http.at(step.route, step.passing, 'hang'), operation, outcome());
            const call = outcome();
            ensure(
              await timers.pass(limit, call),
              `${operation} still waits after ${limit / 1_000} s for ${nameOf(step)}`,
            );
            await call.catch(() => failureOf(call, `${operation} without an answer to ${nameOf(step)}`));
          });
    },
  },
  {
    name: 'an operation of several calls ends in time where each of them is answered at the very last moment',
    see: SEE_TIME,
    async run(harness) {
      for (const [operation, command] of commandsOf(harness))
        await inTime(harness, operation, command, async ({ vendor }, outcome, timers, limit) => {
          vendor.http.holdAnswers();
          const call = outcome();
          const isOver = await timers.pass(limit, call, () => vendor.http.letGo());
          ensure(
            isOver,
            `${operation} goes on after ${limit / 1_000} s where each of its calls takes as long as it may: give all of them one time, as inSequence of the kit does`,
          );
          await call.catch(() => failureOf(call, `${operation} with late answers`));
        });
    },
  },
];

/** Runs an operation with its time-outs trapped. `outcome` begins it, once. */
async function inTime(
  harness: ProviderHarness,
  operation: Operation,
  command: Command,
  run: (account: Account, outcome: () => Promise<unknown>, timers: TrappedTimers, limit: number) => Promise<void>,
): Promise<void> {
  await withAccount(harness, async (account) => {
    const id = await account.session.start(requestOf(harness));
    const timers = new TrappedTimers();
    let begun: Promise<unknown> | null = null;
    try {
      const outcome = (): Promise<unknown> => (begun ??= command(account, id, harness));
      await run(account, outcome, timers, operation === 'upload' ? 90_000 : 30_000);
    } finally {
      account.vendor.http.letGo();
      timers.release();
    }
  });
}
