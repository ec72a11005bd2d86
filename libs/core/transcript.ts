import type { ProviderEvent } from '#contract';
import type { Attachment, Message } from './handover.js';
import type { HandoverUnit } from './unit.js';

/** What somebody said in the contact centre, or in a channel of its own. */
export type SaidEvent = Extract<ProviderEvent, { type: 'message' | 'user.message' }>;

/** Adds it to the transcript. */
export function addToTranscript(
  unit: HandoverUnit,
  event: SaidEvent,
  author: Message['author']['type'],
  { receivedAt, attachments = [] }: { receivedAt: Date; attachments?: Attachment[] },
): Message {
  return unit.addMessage({
    author,
    agent: 'agent' in event ? event.agent : null,
    remoteId: 'id' in event ? event.id : undefined,
    text: event.text,
    cards: event.cards,
    attachments,
    status: 'delivered',
    at: event.at === null ? receivedAt : new Date(event.at),
  });
}
