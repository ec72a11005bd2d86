import type { ProviderEvent, Visitor } from '#contract';
import { conversationView, type Incoming } from '../conversation.js';
import type { Course } from '../course.js';
import { Refusal } from '../errors.js';
import { isFinal, messageView, type Handover, type Message } from '../handover.js';
import { newId } from '../ids.js';
import { newLifecycle, standingOf } from '../lifecycle.js';
import { finish } from '../settle.js';
import { addToTranscript } from '../transcript.js';
import { HandoverUnit } from '../unit.js';
import type { Ignored, ReceivedEvent } from './apply-event.js';
import { postMessage, type PostInput } from './post-message.js';
import { startHandover, type StartInput } from './start-handover.js';

/** What is needed to take a conversation in. */
export interface BeginInput {
  bot: string;
  provider: string;
  /** The contact centre's id. */
  conversation: string;
  visitor: Visitor | null;
  handBack: boolean;
  /** The bot hears of it now, and not only with the first message. */
  isTold: boolean;
}

/** A conversation that began in the contact centre. */
export function beginConversation(input: BeginInput, now: Date): HandoverUnit {
  const { bot, provider, conversation, visitor } = input;
  const id = newId('cv');
  const handover: Handover = {
    id,
    bot,
    provider,
    // The bot has no name for it yet, so it gets ours; a handover of it happens in that session.
    sessionId: id,
    userId: visitor?.userId ?? conversation,
    user: visitor?.user ?? {},
    settings: {},
    metadata: null,
    status: 'open',
    conversationId: conversation,
    boundAt: now,
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
    incoming: { id, channel: visitor?.channel ?? null, handoverId: null, handBack: input.handBack, lastAt: null },
    transcriptLength: 0,
    messageSequence: 0,
    eventSequence: 0,
    commandSequence: 0,
  };
  const unit = new HandoverUnit(handover, now, true);
  if (input.isTold) tellOfStart(unit);
  return unit;
}

/**
 * Whether an event begins a conversation where none is open: the user writes, or the contact centre says that one is there.
 * @param before the time of the newest thing known of an earlier conversation that went over the same one of the contact centre's:
 * what is not newer belongs to that one. The contact centre's word begins none after it, since it may be about its end.
 */
export function begins(event: ProviderEvent, before: { lastAt: number | null } | null): boolean {
  if (event.type === 'user.message') return !isOld(event, before?.lastAt ?? null);
  return event.type === 'assigned' && event.visitor !== undefined && before === null;
}

/** Applies an event to a conversation that no handover has. */
export function applyToConversation(unit: HandoverUnit, received: ReceivedEvent): Ignored {
  const { handover } = unit;
  const { event } = received;
  if (isFinal(handover)) return 'the conversation has ended';
  switch (event.type) {
    case 'ignored':
      return event.reason;
    case 'created':
      return null;
    case 'assigned':
      return noteVisitor(unit, event);
    case 'user.message':
      tellOfStart(unit);
      noteTime(handover, event.at);
      unit.emit('message.created', { message: messageView(addToTranscript(unit, event, 'user', received)) });
      return null;
    case 'activity':
      tellOfStart(unit);
      unit.emit('activity', { name: event.name, value: event.value });
      return null;
    case 'message':
      // An agent's, after the handover: whoever reads the transcript finds it.
      noteTime(handover, event.at);
      addToTranscript(unit, event, event.author, received);
      return null;
    case 'user.left':
    case 'idle':
      // One that was stored together with what began the conversation, and before it.
      if (unit.isNew && handover.incoming!.lastAt === null) return 'it came before the conversation began';
      if (isOld(event, handover.incoming!.lastAt)) return 'older than what the user said since';
      noteTime(handover, event.at);
      finish(unit, handover.closing ?? (event.type === 'idle' ? 'contact_center' : 'user'));
      return null;
    default:
      return 'no handover of this conversation is open';
  }
}

/** Takes a message of the bot for the user. @throws {Refusal} `conflict` while the conversation is not the bot's */
export function answerConversation(unit: HandoverUnit, input: PostInput): Message {
  refuseUnlessOpen(unit.handover);
  // Nobody waits for an agent here, so no silence is watched.
  return postMessage(unit, input, null);
}

/**
 * Hands a conversation over: the same conversation of the contact centre goes to its agents. Both are stored, or none is.
 * @throws {Refusal} `conflict` while the conversation is not the bot's
 */
export function handOverConversation(
  unit: HandoverUnit,
  input: Pick<StartInput, 'user' | 'settings' | 'metadata'>,
  course: Course,
): Handover {
  const { handover: conversation } = unit;
  refuseUnlessOpen(conversation);
  const { bot, provider, sessionId, userId } = conversation;
  const user = { ...conversation.user, ...input.user };
  const started = startHandover({ ...input, bot, provider, sessionId, userId, user, transcript: [] }, unit.now, course);
  const { handoverId, resumedAfter = 0 } = conversation.incoming!;
  const before = { after: resumedAfter, until: conversation.messageSequence, handoverId };
  const incoming: Incoming = { ...conversation.incoming!, handoverId: started.handover.id, before };
  Object.assign(started.handover, {
    conversationId: conversation.conversationId,
    boundAt: unit.now,
    incoming: { ...incoming, known: conversation.user },
  });
  passOnCaughtUp(conversation, started.handover);
  conversation.status = 'handed_over';
  conversation.incoming = incoming;
  unit.opened.push(started);
  return started.handover;
}

/** A conversation that the agents have is ended with its handover, and not by itself. @throws {Refusal} `conflict` */
export function refuseEndWhileHandedOver({ status, incoming }: Handover): void {
  if (status !== 'handed_over') return;
  const { handoverId } = incoming!;
  throw new Refusal('conflict', 'The conversation is with the agents: close its handover to end both.', [], {
    handoverId,
  });
}

/** Whether the bot gets its conversation back after this handover. What the contact centre calls over, or the user left, is over. */
export function comesBack(handover: Handover, endGraceMs: number): boolean {
  if (handover.status === 'failed') return true;
  const { ended, idling } = standingOf(handover.lifecycle, endGraceMs).standing;
  return handover.incoming!.handBack && handover.closing === null && ended === null && !idling;
}

/**
 * The contact centre's time since when nobody of it heard the user. Without one: since the handover was asked for. Where no event told
 * that the agent left, it is since the last sign of an agent: that the bot hears what an agent has read is better than that nobody does.
 */
export function unheardSince(handover: Handover, said: Message[], endGraceMs: number): number | null {
  if (handover.status === 'failed') return null;
  const { lifecycle } = handover;
  const left = standingOf(lifecycle, endGraceMs).standing.unexplainedLeaving;
  const wasSeen = lifecycle.facts.some(({ kind, at, seen }) => kind === 'agent.left' && at === left && seen);
  if (left === null || !wasSeen) return left;
  const signs = lifecycle.facts.filter(({ agent, seen }) => agent && !seen).map(({ at }) => at);
  const words = said.filter(({ author }) => author.type === 'agent').map(({ at }) => at.getTime());
  return Math.max(lifecycle.baseAt, ...signs, ...words);
}

/**
 * What a handover's end means for its conversation: the bot has it again, or it has ended as well. Safe to repeat.
 * @param said everything that was said in the handover where the bot gets the conversation back, else null
 * @param since when nobody of the contact centre was there any more to hear the user; null: at no time was anybody
 */
export function releaseConversation(
  unit: HandoverUnit,
  handover: Handover,
  said: Message[] | null,
  since: number | null,
): void {
  const { handover: conversation } = unit;
  if (conversation.status !== 'handed_over' || conversation.incoming?.handoverId !== handover.id) return;
  const { baseAt, facts } = handover.lifecycle;
  // The bot's own messages go by another clock.
  const theirs = (said ?? []).filter(({ author }) => author.type !== 'bot');
  const last = Math.max(baseAt, ...facts.map(({ at }) => at), ...theirs.map(({ at }) => at.getTime()));
  noteTime(conversation, last < 0 ? null : last);
  if (!said) return finish(unit, handover.endReason ?? 'contact_center');
  conversation.status = 'open';
  passOnCaughtUp(handover, conversation);
  unit.emit('conversation.resumed', { handoverId: handover.id });
  const unheard = theirs.filter(({ author, at }) => author.type === 'user' && at.getTime() >= (since ?? -Infinity));
  for (const { text, cards, attachments, at } of unheard) {
    const message = unit.addMessage({ author: 'user', text, cards, attachments, status: 'delivered', at });
    unit.emit('message.created', { message: messageView(message) });
  }
  conversation.incoming = { ...conversation.incoming!, resumedAfter: conversation.messageSequence };
}

/** An event that comes late after all may find another one in charge of the conversation than the one that did without it. */
function passOnCaughtUp({ lifecycle: { caughtUp } }: Handover, to: Handover): void {
  if (caughtUp) to.lifecycle.caughtUp = caughtUp;
}

/** @throws {Refusal} `conflict` while the conversation is not the bot's, or is being ended */
export function refuseUnlessOpen(conversation: Handover): void {
  if (conversation.status === 'open' && !conversation.closing) return;
  if (conversation.status === 'handed_over') {
    const { handoverId } = conversation.incoming!;
    throw new Refusal('conflict', 'The conversation is with the agents: use its handover.', [], { handoverId });
  }
  const state = isFinal(conversation) ? 'has ended' : 'is being ended';
  throw new Refusal('conflict', `The conversation ${state}. The next one begins when the user writes again.`);
}

/** Says once that the conversation is there. */
function tellOfStart(unit: HandoverUnit): void {
  if (unit.handover.eventSequence === 0)
    unit.emit('conversation.started', { conversation: conversationView(unit.handover) });
}

/** The user's message may have come first. */
function noteVisitor({ handover }: HandoverUnit, { at, visitor }: ProviderEvent): Ignored {
  if (!visitor) return 'the conversation is not with a bot';
  noteTime(handover, at);
  handover.incoming = { ...handover.incoming!, channel: visitor.channel ?? handover.incoming!.channel };
  handover.user = { ...handover.user, ...visitor.user };
  return null;
}

function noteTime(conversation: Handover, at: number | null): void {
  const { lastAt } = conversation.incoming!;
  if (at !== null && (lastAt === null || at > lastAt))
    conversation.incoming = { ...conversation.incoming!, lastAt: at };
}

function isOld({ at }: ProviderEvent, lastAt: number | null): boolean {
  return at !== null && lastAt !== null && at <= lastAt;
}
