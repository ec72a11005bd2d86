import { HandoverUnit, isFinal, type Handover, type Lifecycle } from '#core';

/** A handover as the database has it: what it takes to see what has changed, and whether somebody else changed it meanwhile. */
export interface Image {
  version: number;
  state: State;
  /** As JSON: it is changed in place. */
  lifecycle: string;
  user: unknown;
  settings: unknown;
  metadata: unknown;
}

type State = Record<string, unknown>;
type Value = string | number | null | object | Date;

const images = new WeakMap<HandoverUnit, Image>();

/** Of a row that was never changed: the column's default. */
const FIRST_VERSION = 1;
const MAX_VERSION = 1_073_741_824;

export type HandoverRow = Omit<Handover, 'lifecycle'> & { lifecycleText: string; version: number };

export const HANDOVER_COLUMNS = `id, bot, provider, session_id AS "sessionId", user_id AS "userId", "user", settings, metadata, status,
  conversation_id AS "conversationId", bound_at AS "boundAt", queue, agent, error, end_reason AS "endReason",
  created_at AS "createdAt", queued_at AS "queuedAt", active_at AS "activeAt", ended_at AS "endedAt", closing,
  incoming, lifecycle::text AS "lifecycleText", transcript_length AS "transcriptLength", message_sequence AS "messageSequence",
  event_sequence AS "eventSequence", command_sequence AS "commandSequence", version`;

/** A unit to change the handover of this row. */
export function unitOf(row: HandoverRow, now: Date): HandoverUnit {
  const { lifecycleText, version, ...rest } = row;
  const handover: Handover = { ...rest, lifecycle: JSON.parse(lifecycleText) as Lifecycle };
  const unit = new HandoverUnit(handover, now);
  images.set(unit, imageOf(unit, version, JSON.stringify(handover.lifecycle)));
  return unit;
}

/** A unit to change a handover that is known to be as the image says. */
export function unitFrom(handover: Handover, image: Image, now: Date): HandoverUnit {
  const unit = new HandoverUnit(handover, now);
  images.set(unit, image);
  return unit;
}

/** What the database has once the unit is committed. */
export function committedImage(unit: HandoverUnit): Image {
  const before = images.get(unit);
  const change = before && changeOf(unit);
  if (before && !change) return before;
  return imageOf(unit, change ? change.version : FIRST_VERSION, JSON.stringify(unit.handover.lifecycle));
}

function imageOf(unit: HandoverUnit, version: number, lifecycle: string): Image {
  const { user, settings, metadata } = unit.handover;
  return { version, state: stateOf(unit), lifecycle, user, settings, metadata };
}

/** The columns that the course of a handover changes. */
function stateOf({ handover, wakeAt }: HandoverUnit): State {
  return {
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
    incoming: handover.incoming,
    message_sequence: handover.messageSequence,
    event_sequence: handover.eventSequence,
    command_sequence: handover.commandSequence,
  };
}

const COUNTERS = new Set(['message_sequence', 'event_sequence', 'command_sequence']);

function isSame(a: State, b: State, except?: Set<string>): boolean {
  for (const name in a) {
    if (except?.has(name)) continue;
    const [one, other] = [a[name] as Value, b[name] as Value];
    if (one === other) continue;
    if (typeof one !== 'object' || typeof other !== 'object' || JSON.stringify(one) !== JSON.stringify(other))
      return false;
  }
  return true;
}

export const CHANGED_COLUMNS = `id text, status text, conversation_id text, bound_at timestamptz, queue jsonb, agent jsonb, error jsonb,
  end_reason text, queued_at timestamptz, active_at timestamptz, ended_at timestamptz, closing text, wake_at timestamptz,
  incoming jsonb, message_sequence integer, event_sequence integer, command_sequence integer, version integer, next_version integer, lifecycle json,
  "user" jsonb, settings jsonb, metadata json, has_metadata boolean, source text, keys text[], asked text[], is_ending boolean, settled bigint[]`;

interface Change {
  state: State;
  /**
   * That of the row once it is changed. Not the next number but any: after a failover that lost a commit, what is remembered of that
   * one must not look like another commit that came instead.
   */
  version: number;
  /** Nothing but the logs and the transcript got longer. */
  isAdvance: boolean;
  lifecycle: boolean;
  user: boolean;
  settings: boolean;
  metadata: boolean;
}

/** Worked out once per unit: it is finished when it is committed. */
const changes = new WeakMap<HandoverUnit, Change | null>();

/** What is different in an existing handover's row, or null when nothing is. */
function changeOf(unit: HandoverUnit): Change | null {
  const known = changes.get(unit);
  if (known !== undefined) return known;
  const found = findChange(unit);
  changes.set(unit, found);
  return found;
}

function findChange(unit: HandoverUnit): Change | null {
  const image = images.get(unit)!;
  const { handover } = unit;
  const state = stateOf(unit);
  const change = {
    state,
    version: versionAfter(image.version),
    isAdvance: false,
    lifecycle: JSON.stringify(handover.lifecycle) !== image.lifecycle,
    user: handover.user !== image.user,
    settings: handover.settings !== image.settings,
    metadata: handover.metadata !== image.metadata,
  };
  const { lifecycle, user, settings, metadata } = change;
  const isMore = lifecycle || user || settings || metadata;
  if (!isMore && isSame(state, image.state)) return null;
  change.isAdvance = !isMore && isSame(state, image.state, COUNTERS);
  return change;
}

function versionAfter(version: number): number {
  const next = 1 + Math.floor(Math.random() * MAX_VERSION);
  return next === version ? next + 1 : next;
}

export const ADVANCED_COLUMNS = `id text, version integer, next_version integer, conversation_id text, message_sequence integer, event_sequence integer,
  command_sequence integer, source text, keys text[], asked text[]`;

/** The row of an existing handover that only got longer, which is what most changes are; null for any other. */
export function advancedRow(unit: HandoverUnit): Record<string, unknown> | null {
  const change = changeOf(unit);
  if (!change?.isAdvance) return null;
  const { handover, arrivals } = unit;
  return {
    id: handover.id,
    version: images.get(unit)!.version,
    next_version: change.version,
    conversation_id: handover.conversationId,
    message_sequence: handover.messageSequence,
    event_sequence: handover.eventSequence,
    command_sequence: handover.commandSequence,
    source: arrivals[0]?.entry.source ?? null,
    keys: arrivals.map(({ entry }) => entry.key),
    asked: askedOf(unit),
  };
}

/** The keys of the requests that are answered, each as three entries; null where there are none. */
function askedOf({ answers }: HandoverUnit): string[] | null {
  return answers.length === 0 ? null : answers.flatMap(({ key: { bot, scope, key } }) => [bot, scope, key]);
}

/** The row of an existing handover to be written, or null. Big parts that stay as they are (null) are not sent. */
export function changedRow(unit: HandoverUnit): Record<string, unknown> | null {
  const change = changeOf(unit);
  if (!change) return null;
  const { handover, arrivals } = unit;
  return Object.assign(change.state, {
    version: images.get(unit)!.version,
    next_version: change.version,
    lifecycle: change.lifecycle ? handover.lifecycle : null,
    user: change.user ? handover.user : null,
    settings: change.settings ? handover.settings : null,
    metadata: change.metadata ? handover.metadata : null,
    has_metadata: change.metadata,
    source: arrivals[0]?.entry.source ?? null,
    keys: arrivals.map(({ entry }) => entry.key),
    asked: askedOf(unit),
    is_ending: isEnding(unit, change),
    settled: [...unit.verdicts.map(({ id }) => id), ...unit.deferred],
  });
}

/** What waits for a conversation to leave its handover is applied after that, and cannot come before it. */
function isEnding(unit: HandoverUnit, { state }: Change): boolean {
  const before = images.get(unit)!.state.status;
  return isFinal(unit.handover) && state.status !== before && before !== 'handed_over';
}

export const NEW_COLUMNS = `${CHANGED_COLUMNS}, bot text, provider text, session_id text, user_id text, created_at timestamptz, transcript_length integer`;

/** The whole row of a new handover. */
export function newRow(unit: HandoverUnit): Record<string, unknown> {
  const { handover } = unit;
  return {
    ...stateOf(unit),
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
