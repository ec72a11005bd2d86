import type { ProviderEvent } from '#contract';
import type { Course } from '../course.js';
import { isFinal, messageView, type Attachment, type Message } from '../handover.js';
import { addFact } from '../lifecycle.js';
import { settle } from '../settle.js';
import type { HandoverUnit } from '../unit.js';

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

/** `null` when the event was applied, else why it changed nothing. */
export type Ignored = string | null;

/**
 * Applies one event of the contact centre to its handover. Late, repeated and unknown events change nothing that later ones
 * have settled; a late message is still delivered, unless the handover is over.
 */
export function applyEvent(unit: HandoverUnit, received: ReceivedEvent, course: Course): Ignored {
  const { event, arrival, receivedAt, attachments = [] } = received;
  const { handover } = unit;
  bindConversation(unit, event.conversation);
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
    case 'activity':
      unit.emit('activity', { name: event.name, value: event.value });
      return null;
  }
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

function deliverMessage(unit: HandoverUnit, event: MessageEvent, receivedAt: Date, attachments: Attachment[]): Ignored {
  const message = addToTranscript(unit, event, receivedAt, attachments);
  unit.emit('message.created', { message: messageView(message) });
  return null;
}

/** No event follows the end, so the bot is not told; whoever reads the transcript finds it. */
function keepLateMessage(unit: HandoverUnit, event: MessageEvent, receivedAt: Date, attachments: Attachment[]): void {
  const message = addToTranscript(unit, event, receivedAt, attachments);
  message.status = 'failed';
  message.error = 'It came after the end of the handover.';
}

function addToTranscript(
  unit: HandoverUnit,
  event: MessageEvent,
  receivedAt: Date,
  attachments: Attachment[],
): Message {
  return unit.addMessage({
    author: event.author,
    agent: event.agent,
    text: event.text,
    cards: event.cards,
    attachments,
    status: 'delivered',
    at: event.at === null ? receivedAt : new Date(event.at),
  });
}
