import { HandoverUnit, type Handover, type Lifecycle } from '#core';

/** A handover's row as it was read: what it takes to see what has changed, and whether somebody else changed it meanwhile. */
interface Image {
  version: number;
  state: string;
  lifecycle: string;
  user: unknown;
  settings: unknown;
  metadata: unknown;
}

const images = new WeakMap<HandoverUnit, Image>();

export type HandoverRow = Omit<Handover, 'lifecycle'> & { lifecycleText: string; version: number };

export const HANDOVER_COLUMNS = `id, bot, provider, session_id AS "sessionId", user_id AS "userId", "user", settings, metadata, status,
  conversation_id AS "conversationId", bound_at AS "boundAt", queue, agent, error, end_reason AS "endReason",
  created_at AS "createdAt", queued_at AS "queuedAt", active_at AS "activeAt", ended_at AS "endedAt", closing,
  lifecycle::text AS "lifecycleText", transcript_length AS "transcriptLength", message_sequence AS "messageSequence",
  event_sequence AS "eventSequence", command_sequence AS "commandSequence", version`;

/** A unit to change the handover of this row. */
export function unitOf(row: HandoverRow, now: Date): HandoverUnit {
  const { lifecycleText, version, ...rest } = row;
  const handover: Handover = { ...rest, lifecycle: JSON.parse(lifecycleText) as Lifecycle };
  const unit = new HandoverUnit(handover, now);
  const { user, settings, metadata } = handover;
  const image = {
    version,
    state: stateOf(unit),
    lifecycle: JSON.stringify(handover.lifecycle),
    user,
    settings,
    metadata,
  };
  images.set(unit, image);
  return unit;
}

/** The row's columns that the course of a handover changes; as one text, so that a change is seen by comparing. */
function stateOf({ handover, wakeAt }: HandoverUnit): string {
  return JSON.stringify({
    id: handover.id,
    status: handover.status,
    conversation_id: handover.conversationId,
    bound_at: handover.boundAt,
    queue: handover.queue,
    agent: handover.agent,
    error: handover.error,
    end_reason: handover.endReason,
    queued_at: handover.queuedAt,
    active_at: handover.activeAt,
    ended_at: handover.endedAt,
    closing: handover.closing,
    wake_at: wakeAt,
    message_sequence: handover.messageSequence,
    event_sequence: handover.eventSequence,
    command_sequence: handover.commandSequence,
  });
}

export const CHANGED_COLUMNS = `id text, status text, conversation_id text, bound_at timestamptz, queue jsonb, agent jsonb, error jsonb,
  end_reason text, queued_at timestamptz, active_at timestamptz, ended_at timestamptz, closing text, wake_at timestamptz,
  message_sequence integer, event_sequence integer, command_sequence integer, version integer, lifecycle json,
  "user" jsonb, settings jsonb, metadata json, has_metadata boolean`;

/** What is different in the row, or null when nothing is. Big parts that stay as they are (null) are not sent. */
export function changedRow(unit: HandoverUnit): Record<string, unknown> | null {
  const image = images.get(unit)!;
  const { handover } = unit;
  const state = stateOf(unit);
  const lifecycle = JSON.stringify(handover.lifecycle);
  const given = {
    user: handover.user === image.user ? null : handover.user,
    settings: handover.settings === image.settings ? null : handover.settings,
    metadata: handover.metadata === image.metadata ? null : handover.metadata,
  };
  const hasMetadata = handover.metadata !== image.metadata;
  const isSame =
    state === image.state && lifecycle === image.lifecycle && !given.user && !given.settings && !hasMetadata;
  if (isSame) return null;
  return {
    ...(JSON.parse(state) as object),
    version: image.version,
    lifecycle: lifecycle === image.lifecycle ? null : handover.lifecycle,
    ...given,
    has_metadata: hasMetadata,
  };
}

export const NEW_COLUMNS = `${CHANGED_COLUMNS}, bot text, provider text, session_id text, user_id text, created_at timestamptz, transcript_length integer`;

/** The whole row of a new handover. */
export function newRow(unit: HandoverUnit): Record<string, unknown> {
  const { handover } = unit;
  return {
    ...(JSON.parse(stateOf(unit)) as object),
    bot: handover.bot,
    provider: handover.provider,
    session_id: handover.sessionId,
    user_id: handover.userId,
    created_at: handover.createdAt,
    transcript_length: handover.transcriptLength,
    lifecycle: handover.lifecycle,
    user: handover.user,
    settings: handover.settings,
    metadata: handover.metadata,
  };
}

/** How far the logs reached before the change. */
export function logsBefore(unit: HandoverUnit): { bot: number; provider: number } {
  const { handover, events, commands } = unit;
  return { bot: handover.eventSequence - events.length, provider: handover.commandSequence - commands.length };
}
