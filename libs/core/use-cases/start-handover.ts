import type { Customer, TranscriptEntry } from '#contract';
import type { Course } from '../course.js';
import type { Handover } from '../handover.js';
import { newId } from '../ids.js';
import { newLifecycle } from '../lifecycle.js';
import { HandoverUnit } from '../unit.js';
import { watch } from '../watch.js';

/** What a bot asks for. Already validated, also against the limits of the provider. */
export interface StartInput {
  bot: string;
  provider: string;
  sessionId: string;
  userId: string;
  user: Customer;
  transcript: (TranscriptEntry & { at?: Date })[];
  settings: Record<string, unknown>;
  metadata: unknown;
}

/** A new handover, its transcript and the command to open the conversation. */
export function startHandover(input: StartInput, now: Date, course: Course): HandoverUnit {
  const { transcript, ...given } = input;
  const handover: Handover = {
    ...given,
    id: newId('ho'),
    status: 'requested',
    conversationId: null,
    boundAt: null,
    queue: null,
    agent: null,
    error: null,
    endReason: null,
    createdAt: now,
    queuedAt: null,
    activeAt: null,
    endedAt: null,
    closing: null,
    lifecycle: newLifecycle(),
    incoming: null,
    transcriptLength: transcript.length,
    messageSequence: 0,
    eventSequence: 0,
    commandSequence: 0,
  };
  const unit = new HandoverUnit(handover, now, true);
  for (const { author, text, at } of transcript) unit.addMessage({ author, text, status: 'pending', at });
  unit.command('start');
  watch(unit, course, false);
  return unit;
}
