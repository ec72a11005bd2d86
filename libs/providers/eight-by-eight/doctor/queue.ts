import { isPlainObject, type CheckFinding } from '#contract';
import { ANSWERS } from '../answers.js';
import type { AccountApi, ApiAnswer } from '../account-api.js';
import { error, ok, warning } from './checks.js';

const QUEUES = '/cc/v1/stats/rt/queues';
const SCHEDULES = '/cc/v1/schedules';
const CLOSED = -1;
const MAX_SCHEDULES = 10;

type Json = Record<string, unknown>;

/** The queue that conversations wait in: known, for chats, and with agents. */
export async function checkQueue(api: AccountApi, queueId: string): Promise<CheckFinding[]> {
  const answer = await api.call('GET', QUEUES, ANSWERS.statistics);
  if (!answer.isOk || answer.body === null) return [notLookedUp('queue', answer, 'Analytics for Contact Center')];
  const queues = listOf(answer.body.queue);
  const queue = queues.find((one) => String(one['queue-id']) === queueId);
  if (!queue) {
    const chats = queues.filter((one) => one['media-type'] === 'chat').map(labelOf);
    return [
      error(
        'queue',
        `The tenant has no queue ${queueId}.`,
        `Set queueId to the Queue ID of a chat queue (Configuration Manager, Queues/Skills): ${chats.slice(0, 5).join(', ') || 'there is none yet'}.`,
      ),
    ];
  }
  return [ok('queue', `The queue ${labelOf(queue)} is known.`), ...mediaAndAgents(queue)];
}

function mediaAndAgents(queue: Json): CheckFinding[] {
  const media = String(queue['media-type'] ?? 'unknown');
  if (media !== 'chat')
    return [
      error(
        'queue-media',
        `The queue ${labelOf(queue)} is for ${media}, not for chats.`,
        'Configuration Manager, Queues/Skills: add a Chat queue, and set queueId to its Queue ID.',
      ),
    ];
  const isChat = ok('queue-media', 'It is a chat queue.');
  const [assigned, enabled] = [Number(queue['assigned-agent-count']), Number(queue['enabled-agent-count'])];
  if (enabled > 0) return [isChat, ok('queue-agents', `${enabled} agents are assigned and enabled.`)];
  return [
    isChat,
    error(
      'queue-agents',
      assigned > 0
        ? `${assigned} agents are assigned to the queue ${labelOf(queue)}, but none is enabled: conversations wait for ever.`
        : `Nobody is assigned to the queue ${labelOf(queue)}: conversations wait for ever.`,
      'Configuration Manager, Queues/Skills, the queue, Members: tick both Assigned and Enabled for its agents.',
    ),
  ];
}

/**
 * Whether anything is open: the schedule of the settings where they name one. Else only "all are closed" is a finding, since the API
 * does not tell which schedule counts for a queue.
 */
export async function checkSchedules(api: AccountApi, scheduleId?: string): Promise<CheckFinding> {
  const answer = await api.call('GET', SCHEDULES, ANSWERS.schedules);
  if (!answer.isOk || answer.body === null) return notLookedUp('schedule', answer, 'Contact Center Schedule');
  const { schedules } = answer.body;
  const known = listOf(isPlainObject(schedules) ? schedules.schedule : undefined);
  const all =
    scheduleId === undefined ? known.slice(0, MAX_SCHEDULES) : known.filter(({ id }) => String(id) === scheduleId);
  if (all.length === 0 && scheduleId !== undefined) return unknownSchedule(scheduleId, known);
  if (all.length === 0) return ok('schedule', 'The tenant has no schedules.');
  const states = await Promise.all(
    all.map(({ id }) => api.call('GET', `${SCHEDULES}/${encodeURIComponent(String(id))}/status`, ANSWERS.schedule)),
  );
  const closed = states.filter(({ body }) => statusOf(body) === CLOSED).length;
  if (closed < all.length) return ok('schedule', `${all.length - closed} of ${all.length} schedules are open.`);
  return warning(
    'schedule',
    `Closed now: ${all.map(({ name, id }) => `"${String(name ?? id)}"`).join(', ')}. Conversations wait until it opens.`,
    'Configuration Manager, Schedules: compare the opening hours and the time zone. Outside of them a bot should not hand over.',
  );
}

function unknownSchedule(scheduleId: string, known: Json[]): CheckFinding {
  const some = known.slice(0, 5).map(({ id, name }) => `${String(id)} ("${String(name ?? '')}")`);
  return warning(
    'schedule',
    `The tenant has no schedule ${scheduleId}, so bots cannot be told whether it is open.`,
    `Set scheduleId to one of Configuration Manager, Schedules: ${some.join(', ') || 'there is none yet'}; or leave it out.`,
  );
}

function statusOf(body: Json | null): unknown {
  const status = body?.['schedule-status'];
  return isPlainObject(status) ? Number(status.status) : null;
}

function notLookedUp(check: 'queue' | 'schedule', { status }: ApiAnswer, product: string): CheckFinding {
  return warning(
    check,
    `It could not be looked up (${status}).`,
    `Handovers do not need it. To have it checked, add the product "${product}" to the app in Admin Console, API Keys.`,
  );
}

function labelOf(queue: Json): string {
  return `${String(queue['queue-id'])} ("${String(queue['queue-name'] ?? '')}")`;
}

/** A list of one may come as the one itself. */
function listOf(value: unknown): Json[] {
  if (Array.isArray(value)) return value.filter(isPlainObject);
  return isPlainObject(value) ? [value] : [];
}
