import type { ParseArgsConfig } from 'node:util';
import type { Api } from './api.js';
import { EIGHT_BY_EIGHT } from './eight-by-eight/commands.js';
import { migrate } from './migrate.js';
import { EXIT, type ExitCode } from './exit.js';
import { findingsText, testedBy } from './findings.js';
import { deliveriesTable, inboxTable, record, type Row } from './output.js';

export type Values = Record<string, string | boolean | undefined>;

/** What a command did, for people and as JSON, and the exit code where it is not 0. */
export interface Result {
  text: string;
  json: unknown;
  exit?: ExitCode;
}

/** What a command may use. */
export interface Surroundings {
  /** The running gateway. @throws {UsageError} when there is no admin key */
  api(): Api;
  env: NodeJS.ProcessEnv;
  cwd: string;
  /** Shows one line to the person at the terminal, beside the result. */
  say(line: string): void;
}

export interface Command {
  name: string;
  summary: string;
  /** What stands behind its name. */
  usage: string;
  options: NonNullable<ParseArgsConfig['options']>;
  /** What each option is for. */
  help: Record<string, string>;
  /** How many ids (or names) it takes. */
  ids: { min: number; max: number };
  /** What is wrong with a combination of options and ids; null when nothing is. */
  check?(values: Values, ids: string[]): string | null;
  run(here: Surroundings, values: Values, ids: string[]): Promise<Result>;
}

const text = { type: 'string' } as const;
const NO_IDS = { min: 0, max: 0 };
const MANY = { min: 0, max: 1_000 };
const PAGE = { limit: text, cursor: text };
const PAGE_HELP = { limit: 'entries per page, 1 to 200', cursor: 'goes on where the page before ended' };

const INBOX_FILTER = { provider: text, conversation: text, handover: text };
const DELIVERY_FILTER = { direction: text, target: text, handover: text };
const DELIVERY_HELP = {
  direction: 'bot or provider',
  target: 'only to this bot or provider, by name',
  handover: 'only of this handover',
};

export const COMMANDS: Command[] = [
  {
    name: 'inbox list',
    summary: 'list the events of contact centres, newest first',
    usage: '[options]',
    options: { status: text, ...INBOX_FILTER, ...PAGE },
    help: {
      status: 'pending, parked, applied, ignored or dead',
      provider: 'only for this provider, by name',
      conversation: "only of this conversation, by the contact centre's id",
      handover: 'only applied to this handover',
      ...PAGE_HELP,
    },
    ids: NO_IDS,
    run: async ({ api }, { status, provider, conversation, handover, limit, cursor }) => {
      const query = { status, provider, conversationId: conversation, handoverId: handover, limit, cursor };
      const page = await api().list('/v1/inbox', query);
      return { text: inboxTable(page.data) + more(page.next), json: page };
    },
  },
  {
    name: 'inbox show',
    summary: 'show what became of an event',
    usage: '<id>',
    options: {},
    help: {},
    ids: { min: 1, max: 1 },
    run: async ({ api }, _, [id]) => shown(await api().get(`/v1/inbox/${encodeURIComponent(id!)}`)),
  },
  {
    name: 'inbox replay',
    summary: 'have events applied again: some by id, or all of a status',
    usage: '<id>… | --status dead|ignored [options]',
    options: { status: text, provider: text, since: text, limit: text },
    help: {
      status: 'all that are dead, or all that are ignored',
      provider: 'only for this provider, by name',
      since: 'only those that came since, as 2026-11-23T10:00:00Z',
      limit: 'at the most so many, 1000 unless given',
    },
    ids: MANY,
    check: ({ status, provider, since, limit }, ids) => {
      if (ids.length === 0) return status === undefined ? 'Name the ids of events, or a --status.' : null;
      return (status ?? provider ?? since ?? limit) ? 'Ids and options do not go together.' : null;
    },
    run: async ({ api }, { status, provider, since, limit }, ids) => {
      if (ids.length > 0)
        return each(ids, (id) => api().post(`/v1/inbox/${encodeURIComponent(id)}/replay`), 'replayed');
      const count = limit === undefined ? undefined : Number(limit);
      const answer = await api().post('/v1/inbox/replay', { status, provider, since, limit: count });
      return { text: `${String(answer.replayed)} replayed`, json: answer };
    },
  },
  {
    name: 'handover erase',
    summary: 'erase all that is stored of a user whose handovers are over',
    usage: '--user <id> [--bot <name>]',
    options: { user: text, bot: text },
    help: { user: "the bot's own id of the user", bot: 'only what this bot has of the user; every bot unless given' },
    ids: NO_IDS,
    check: ({ user }) => (user === undefined ? 'Name the --user.' : null),
    run: async ({ api }, { user, bot }) => {
      const answer = await api().post('/v1/handovers/erase', { userId: user, bot });
      return { text: `${String(answer.erased)} erased`, json: answer };
    },
  },
  {
    name: 'deliveries list',
    summary: 'list what was given up, or what waits, newest first',
    usage: '[options]',
    options: { status: text, ...DELIVERY_FILTER, ...PAGE },
    help: { status: 'failed (unless given), waiting, resending or delivered', ...DELIVERY_HELP, ...PAGE_HELP },
    ids: NO_IDS,
    run: async ({ api }, { handover, ...rest }) => {
      const page = await api().list('/v1/deliveries', { ...rest, handoverId: handover });
      return { text: deliveriesTable(page.data) + more(page.next), json: page };
    },
  },
  {
    name: 'deliveries retry',
    summary: 'send again what was given up: some by id, or all',
    usage: '<id>… | --all [options]',
    options: { all: { type: 'boolean' }, ...DELIVERY_FILTER },
    help: { all: 'everything that failed, oldest first', ...DELIVERY_HELP },
    ids: MANY,
    check: ({ all, direction, target, handover }, ids) => {
      if (ids.length === 0) return all ? null : 'Name the ids of deliveries, or use --all.';
      return all || (direction ?? target ?? handover) !== undefined ? 'Ids and options do not go together.' : null;
    },
    run: async ({ api }, { direction, target, handover }, ids) => {
      const chosen = ids.length > 0 ? ids : await allFailed(api(), { direction, target, handoverId: handover });
      return each(chosen, (id) => api().post(`/v1/deliveries/${encodeURIComponent(id)}/retry`), 'sent again');
    },
  },
  {
    name: 'providers test',
    summary: 'check a configured account from end to end: address, key, tenant, webhook, channel, queue, events',
    usage: '<name>',
    options: {},
    help: {},
    ids: { min: 1, max: 1 },
    run: async ({ api }, _, [name]) => {
      const answer = await testedBy(api(), name!);
      return { text: findingsText(answer.findings), json: answer, exit: answer.ok ? EXIT.done : EXIT.failed };
    },
  },
  migrate,
  ...EIGHT_BY_EIGHT,
];

async function allFailed(api: Api, filter: Record<string, unknown>): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | null | undefined; cursor !== null;) {
    const page = await api.list('/v1/deliveries', { ...filter, status: 'failed', limit: '200', cursor });
    ids.push(...page.data.map(({ id }) => String(id)));
    cursor = page.next;
  }
  return ids.reverse();
}

/** Goes on after a refusal: the others are no worse for it. */
async function each(ids: string[], call: (id: string) => Promise<Row>, done: string): Promise<Result> {
  const lines: string[] = [];
  const json: unknown[] = [];
  let refused = 0;
  for (const id of ids) {
    try {
      json.push(await call(id));
      lines.push(`${id}: ${done}`);
    } catch (error) {
      const { problem } = error as { problem?: Row };
      if (!problem) throw error;
      refused += 1;
      json.push({ id, problem });
      lines.push(`${id}: refused: ${(error as Error).message}`);
    }
  }
  return {
    text: [...lines, `${ids.length - refused} ${done}, ${refused} refused`].join('\n'),
    json,
    exit: refused > 0 ? EXIT.failed : EXIT.done,
  };
}

function shown(row: Row): Result {
  return { text: record(row), json: row };
}

function more(next: string | null): string {
  return next === null ? '' : `\nmore: --cursor ${next}`;
}
