import type { ProviderEvent } from '#contract';
import { isConversation } from '../conversation.js';
import type { Course } from '../course.js';
import { isFinal, messageView, type Attachment } from '../handover.js';
import { wasCaughtUp } from '../caught-up.js';
import { addFact, standingOf } from '../lifecycle.js';
import { finish, settle } from '../settle.js';
import { addToTranscript, type SaidEvent } from '../transcript.js';
import type { HandoverUnit } from '../unit.js';
import { hearUser } from '../watch.js';
import { applyToConversation } from './incoming-conversation.js';

/** An event of the contact centre as the inbox keeps it: with its number, which tells the order of arrival. */
export interface ReceivedEvent {
  event: ProviderEvent;
  arrival: number;
  receivedAt: Date;
  /** The files of a message, as far as they could be had. */
  attachments?: Attachment[];
}

/** Why an event of a handover that has ended changes nothing of it. */
export const HANDOVER_IS_OVER = 'the handover is over';

/** Why the event of a message changes nothing that reached the bot without it. */
export const CAUGHT_UP_BEFORE = 'caught up before';

/** `null` when the event was applied, else why it changed nothing. */
export type Ignored = string | null;

/**
 * Applies one event of the contact centre to its handover. Late, repeated and unknown events change nothing that later ones
 * have settled; a late message is still delivered, unless the handover is over.
 */
export function applyEvent(unit: HandoverUnit, received: ReceivedEvent, course: Course): Ignored {
  const { handover } = unit;
  const { event, arrival, receivedAt, attachments = [] } = received;
  bindConversation(unit, event.conversation);
  if (event.type === 'message' && wasCaughtUp(handover.lifecycle, event, event.at ?? receivedAt.getTime()))
    return CAUGHT_UP_BEFORE;
  if (isConversation(handover)) return applyToConversation(unit, received);
  if (isFinal(handover)) {
    if (event.type === 'message') keepLateMessage(unit, event, receivedAt, attachments);
    return HANDOVER_IS_OVER;
  }
  switch (event.type) {
    case 'ignored':
      return event.reason;
    case 'created':
      return null;
    case 'typing':
      return 'typing is passed on at once or not at all';
    case 'message':
      return deliverMessage(unit, event, receivedAt, attachments);
    case 'user.message':
      return keepUserMessage(unit, received, event, course);
    case 'activity':
      unit.emit('activity', { name: event.name, value: event.value });
      return null;
  }
  if (event.type === 'assigned' && event.visitor && handover.incoming) return returned(unit, course);
  const at = event.at ?? receivedAt.getTime();
  const fact = {
    kind: event.type,
    at,
    arrival,
    ...('agent' in event ? { agent: event.agent } : {}),
    ...('queue' in event ? { queue: event.queue } : {}),
  };
  if (!addFact(handover.lifecycle, fact, course.endGraceMs)) return 'too old to matter';
  settle(unit, course);
  return null;
}

/**
 * The first event that names the handover binds the conversation, however late the answer to the create is. When the
 * handover is over by then, nobody waits for that conversation, so it is ended.
 */
function bindConversation(unit: HandoverUnit, conversation: string): void {
  const { handover } = unit;
  if (handover.conversationId !== null) return;
  handover.conversationId = conversation;
  handover.boundAt = unit.now;
  if (isFinal(handover)) unit.command('end');
}

type MessageEvent = Extract<ProviderEvent, { type: 'message' }>;

/** Takes a message of an agent or the system into the transcript, and tells the bot. */
export function deliverMessage(
  unit: HandoverUnit,
  event: MessageEvent,
  receivedAt: Date,
  attachments: Attachment[],
): Ignored {
  const message = addToTranscript(unit, event, event.author, { receivedAt, attachments });
  unit.emit('message.created', { message: messageView(message) });
  return null;
}

/** No event follows the end, so the bot is not told; whoever reads the transcript finds it. */
function keepLateMessage(unit: HandoverUnit, event: MessageEvent, receivedAt: Date, attachments: Attachment[]): void {
  const message = addToTranscript(unit, event, event.author, { receivedAt, attachments });
  message.status = 'failed';
  message.error = 'It came after the end of the handover.';
}

/**
 * The user writes in the contact centre's own channel: the agent has read it there, and the bot is not told. In a handover that the bot
 * started it is what the bot posted.
 */
function keepUserMessage(unit: HandoverUnit, received: ReceivedEvent, event: SaidEvent, course: Course): Ignored {
  if (!unit.handover.incoming) return 'our own message';
  addToTranscript(unit, event, 'user', received);
  hearUser(unit, course);
  return null;
}

/** Nobody of the contact centre has the conversation any more: after an agent's leaving that rules a transfer out. */
function returned(unit: HandoverUnit, { endGraceMs }: Course): Ignored {
  const { handover } = unit;
  if (!standingOf(handover.lifecycle, endGraceMs).standing.leaving) return 'the conversation is with a bot';
  finish(unit, handover.closing ?? 'agent');
  return null;
}
