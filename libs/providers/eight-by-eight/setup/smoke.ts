import { setTimeout as pause } from 'node:timers/promises';
import type { CheckFinding } from '#contract';
import { ANSWERS } from '../answers.js';
import type { AccountApi, ApiAnswer } from '../account-api.js';
import { saying } from '../doctor/access.js';
import { TransportFailure } from '#provider-kit';

const CONVERSATIONS = '/chat-gateway/v1/conversations';
const POLL_MS = 250;
const WITHIN_MS = 20_000;
const MARK = 'handover-gateway smoke test';

/** Whether an event of the conversation has come to where it was to come. */
export type Witness = (conversationId: string) => Promise<boolean>;

/**
 * Opens a conversation that says it is a test, waits until 8x8 has opened and queued it and its events have come, and ends it.
 * It rings agents like any other. Ends it whatever happens.
 * @param withinMs how long each of the two is waited for, in milliseconds
 */
export async function smoke(
  api: AccountApi,
  { channelId, queueId }: { channelId: string; queueId?: string },
  witness: Witness | null,
  withinMs = WITHIN_MS,
): Promise<CheckFinding[]> {
  let opened: ApiAnswer;
  try {
    opened = await api.call('POST', CONVERSATIONS, ANSWERS.created, {
      channelId,
      user: { name: MARK },
      ...(queueId === undefined ? {} : { assignment: { type: 'queue', id: queueId } }),
      history: { messages: [{ authorType: 'bot', text: 'This is a test of the connection. Nobody is waiting.' }] },
    });
  } catch (failure) {
    if (!(failure instanceof TransportFailure)) throw failure;
    return [bad(`8x8 gave no answer (${failure.reason}).`, `If agents see "${MARK}", one of them has to end it.`)];
  }
  const id = opened.body?.conversationId ?? opened.body?.id;
  if (!opened.isOk || typeof id !== 'string')
    return [
      bad(`8x8 refused the test conversation (${opened.status}${saying(opened)}).`, 'Run the doctor: it says why.'),
    ];
  const findings: CheckFinding[] = [];
  try {
    findings.push(await becomesActive(api, id, withinMs), await isHeard(id, witness, withinMs));
  } finally {
    findings.push(await end(api, id));
  }
  return findings;
}

async function becomesActive(api: AccountApi, id: string, withinMs: number): Promise<CheckFinding> {
  const isActive = async (): Promise<boolean> => {
    const { body } = await api.call('GET', `${CONVERSATIONS}/${encodeURIComponent(id)}`, ANSWERS.conversation);
    return String(body?.state).toLowerCase() === 'active';
  };
  if (await within(withinMs, isActive)) return good(`The conversation ${id} was opened and became active.`);
  return bad(
    `The conversation ${id} was opened, but did not become active.`,
    'Look at it in the Event Log (docs/providers/eight-by-eight.md).',
  );
}

async function isHeard(id: string, witness: Witness | null, withinMs: number): Promise<CheckFinding> {
  if (witness === null)
    return {
      level: 'warning',
      check: 'smoke',
      message: 'Nobody could be asked whether its events came.',
      action: 'Run it with --listen, or where the admin key of the running gateway is.',
    };
  if (await within(withinMs, () => witness(id))) return good('Its events came.');
  return bad(
    'None of its events came.',
    "Configuration Manager, Integration, Webhooks, Event Log: filter by the conversation's id.",
  );
}

async function end(api: AccountApi, id: string): Promise<CheckFinding> {
  const path = `${CONVERSATIONS}/${encodeURIComponent(id)}/participants/user`;
  const byHand = `An agent has to end the conversation "${MARK}".`;
  try {
    const answer = await api.call('PATCH', path, ANSWERS.done, { removed: true });
    if (answer.isOk || (answer.isOwn && answer.status === 404)) return good('It was ended again.');
    return bad(`It could not be ended (${answer.status}${saying(answer)}).`, byHand);
  } catch (failure) {
    if (!(failure instanceof TransportFailure)) throw failure;
    return bad(`It could not be ended (${failure.reason}).`, byHand);
  }
}

async function within(withinMs: number, isSo: () => Promise<boolean>): Promise<boolean> {
  for (const deadline = Date.now() + withinMs; ;) {
    try {
      if (await isSo()) return true;
    } catch (failure) {
      if (!(failure instanceof TransportFailure)) throw failure;
    }
    if (Date.now() > deadline) return false;
    await pause(POLL_MS);
  }
}

function good(message: string): CheckFinding {
  return { level: 'ok', check: 'smoke', message, action: null };
}

function bad(message: string, action: string): CheckFinding {
  return { level: 'error', check: 'smoke', message, action };
}
