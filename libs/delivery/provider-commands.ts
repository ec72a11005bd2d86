import {
  ProviderError,
  type MessageContent,
  type OutboundMessage,
  type ProviderLog,
  type StartRequest,
} from '#contract';
import {
  courseOf,
  isFinal,
  recordEnded,
  recordRerouted,
  recordSendFailed,
  recordStarted,
  recordStartFailed,
  recordUpdateFailed,
  startRequestOf,
  type Handover,
  type HandoverStore,
  type HandoverUnit,
  type LaneStore,
  type LogItem,
  type Message,
  type ProviderInstance,
  type ProviderRegistry,
} from '#core';
import type { Executor, Outcome } from './executor.js';
import type { DepartingFiles } from './files/departing-files.js';
import { IncomingCommands } from './incoming-commands.js';

/** A longer history than this is of no use to any contact centre; providers cut further. */
const HISTORY_LIMIT = 1_000;
/** How long messages wait for the contact centre to confirm a conversation that it has opened, in milliseconds. */
const HOLD_BACK_MS = 2_000;
/** How long a refusal may still mean that the conversation is not ready, in milliseconds. */
const NOT_READY_MS = 10_000;
const LOOK_AGAIN_MS = 200;

type Command = Exclude<LogItem, { kind: 'event' }>;
/** A command under way, and what is known of earlier tries. */
export type CommandContext = { item: Command; handover: Handover; provider: ProviderInstance; uncertain: boolean };
type Context = CommandContext;

/**
 * Carries out what bots asked for in the contact centre. Unknown outcomes are looked up before anything is sent again. What an
 * outcome changes is stored before the command counts as done, so everything here can be done twice.
 */
export class ProviderCommands {
  private readonly incoming: IncomingCommands;

  constructor(
    private readonly store: HandoverStore,
    private readonly lanes: Pick<LaneStore, 'countIdenticalBefore' | 'isBusy'>,
    private readonly files: DepartingFiles,
    private readonly registry: ProviderRegistry,
    private readonly now: () => number,
    private readonly log: ProviderLog,
  ) {
    this.incoming = new IncomingCommands(store, lanes, (...failed) => this.failure(...failed), log);
  }

  readonly execute: Executor = async ({ lane, item }) => {
    if (item.kind === 'event') return { kind: 'failed', error: 'This is no command.' };
    // What was given up may have arrived all the same.
    const uncertain = lane.uncertain || item.deadLetter !== undefined;
    const provider = this.registry.get(lane.target);
    if (!provider) return { kind: 'retry', error: 'The provider is not loaded here.', uncertain, isDown: true };
    // What was read a moment ago is good enough for an open conversation; anything else is looked at anew.
    const handover =
      item.kind === 'message' && this.isUnderWay(item.handover) ? item.handover : await this.store.get(lane.handoverId);
    if (!handover) return { kind: 'failed', error: 'The handover is gone.' };
    const context = { item, handover, provider, uncertain };
    switch (item.kind) {
      case 'start':
        return this.start(context);
      case 'message':
        return this.message(context);
      case 'update':
        return this.update(context);
      default:
        return this.end(context);
    }
  };

  private async start(context: Context): Promise<Outcome> {
    const { handover, provider, uncertain } = context;
    if (handover.incoming) return this.incoming.reassign(context);
    const { session } = provider;
    // What was accepted before the close is still sent; a conversation with nothing to say in it is not opened for that.
    const nothingToSend = handover.messageSequence === handover.transcriptLength;
    const unwanted = isFinal(handover) || (handover.closing !== null && nothingToSend);
    let readBack = uncertain;
    try {
      let conversation = handover.conversationId;
      if (!conversation && uncertain && session.findStarted) conversation = await session.findStarted(handover.id);
      readBack = false;
      if (!conversation && unwanted) return { kind: 'done' };
      const byOther = uncertain && conversation !== null;
      conversation ??= await session.start(await this.requestOf(context));
      const started = conversation;
      await this.store.change(handover.id, (unit) => recordStarted(unit, started));
      return { kind: 'done', byOther };
    } catch (error) {
      return this.failure(context, error, readBack, (unit, code, message) => {
        const reason = code === 'unsupported' ? 'unsupported' : code === 'gave_up' ? 'unreachable' : 'rejected';
        recordStartFailed(unit, { reason, message });
      });
    }
  }

  private async message(context: Context): Promise<Outcome> {
    const { item, handover, provider, uncertain } = context;
    // What comes after a part that was refused must know of it: nothing more of that message is sent.
    const message = isLaterPart(item) ? await this.store.message(item.message.id) : item.message;
    if (!message) return { kind: 'failed', error: 'The message is gone.' };
    if (message.status === 'delivered') return { kind: 'done', byOther: uncertain };
    if (message.status === 'failed') return { kind: 'failed', error: message.error ?? '' };
    const { conversationId } = handover;
    if (!conversationId || (isFinal(handover) && !handover.closing)) {
      const error = 'The handover ended before the message was sent.';
      await this.store.change(handover.id, (unit) => recordSendFailed(unit, message, error));
      return { kind: 'failed', error };
    }
    if (!handover.closing && this.isUnconfirmed(handover, HOLD_BACK_MS)) return { kind: 'wait', ms: LOOK_AGAIN_MS };
    const { part = 1, parts = 1, as: content = contentOf(message) } = item.payload ?? {};
    let readBack = uncertain;
    try {
      const attachments = part === 1 ? await this.files.of(message, conversationId, provider) : [];
      if (attachments === null) return { kind: 'wait', ms: 0 };
      const outbound = { ...content, attachments };
      const there = uncertain && (await this.isSent(context, conversationId, outbound));
      readBack = false;
      if (!there) await provider.session.send(conversationId, outbound);
      return { kind: 'done', byOther: there, ...(part < parts ? {} : { delivered: message.id }) };
    } catch (error) {
      const refused = error instanceof ProviderError && error.retry === 'never';
      if (refused && this.isUnconfirmed(handover, NOT_READY_MS)) return { kind: 'wait', ms: LOOK_AGAIN_MS };
      const where = parts > 1 ? `Part ${part} of ${parts}, the parts before it were sent: ` : '';
      return this.failure(context, error, readBack, (unit, _code, text) =>
        recordSendFailed(unit, message, where + text),
      );
    }
  }

  private isUnderWay(handover: Handover): boolean {
    const isOpen = handover.conversationId !== null && handover.closing === null && !isFinal(handover);
    return isOpen && !this.isUnconfirmed(handover, NOT_READY_MS);
  }

  /** A new conversation that the contact centre has not said a word about yet. It may not take messages so early. */
  private isUnconfirmed({ status, boundAt }: Handover, withinMs: number): boolean {
    return status === 'requested' && boundAt !== null && this.now() - boundAt.getTime() < withinMs;
  }

  private async isSent(
    { item, handover, provider }: Context,
    conversation: string,
    outbound: OutboundMessage,
  ): Promise<boolean> {
    if (!provider.session.findSent) return false;
    const hasLink = provider.options.copilot !== null;
    const identicalBefore = await this.lanes.countIdenticalBefore(handover.id, item.sequence, hasLink);
    return provider.session.findSent(conversation, outbound, identicalBefore, authorsOf(handover));
  }

  private async update(context: Context): Promise<Outcome> {
    const { item, handover, provider, uncertain } = context;
    const { conversationId } = handover;
    if (!conversationId || isFinal(handover) || !provider.session.update) return { kind: 'done', byOther: uncertain };
    if (this.isUnconfirmed(handover, HOLD_BACK_MS)) return { kind: 'wait', ms: LOOK_AGAIN_MS };
    const { userChanged = false, queueId } = item.payload ?? {};
    const askedAt = this.now();
    try {
      await provider.session.update(conversationId, { request: await this.requestOf(context), userChanged, queueId });
      if (queueId !== undefined) await this.rerouted(context, askedAt);
      return { kind: 'done', byOther: uncertain };
    } catch (error) {
      const refused = error instanceof ProviderError && error.retry === 'never';
      if (refused && this.isUnconfirmed(handover, NOT_READY_MS)) return { kind: 'wait', ms: LOOK_AGAIN_MS };
      return this.failure(context, error, false, (unit, _code, text) => {
        recordUpdateFailed(unit, { userChanged, queueId }, text);
      });
    }
  }

  private async rerouted({ handover, provider }: Context, askedAt: number): Promise<void> {
    await this.store.change(handover.id, (unit) => recordRerouted(unit, askedAt, courseOf(provider)));
  }

  private async end(context: Context): Promise<Outcome> {
    const { item, handover, provider, uncertain } = context;
    if (item.payload?.release) return this.incoming.release(context);
    const conversation = item.payload?.conversationId ?? handover.conversationId;
    const record = (unit: HandoverUnit): void => (item.payload?.conversationId ? undefined : recordEnded(unit));
    try {
      if (conversation) await provider.session.end(conversation);
      await this.store.change(handover.id, record);
      return { kind: 'done', byOther: uncertain };
    } catch (error) {
      return this.failure(context, error, false, record);
    }
  }

  private async requestOf({ handover, provider }: Context): Promise<StartRequest> {
    const said: Message[] = [];
    for (let cursor: string | null | undefined; said.length < HISTORY_LIMIT && cursor !== null;) {
      const page = await this.store.messages(handover.id, { limit: HISTORY_LIMIT - said.length, cursor });
      said.push(...page.data);
      cursor = page.next;
    }
    const transcript = said
      .filter(({ sequence }) => sequence <= handover.transcriptLength)
      .map(({ author, text }) => ({ author: author.type, text: text ?? '' }));
    return startRequestOf(handover, provider, transcript);
  }

  /**
   * Decides what a failed call means: to be tried again, or given up with the change that follows from it.
   * @param readBack the failure was in looking up an earlier outcome, which stays unknown
   */
  private async failure(
    { item, handover, provider }: Context,
    error: unknown,
    readBack: boolean,
    giveUp: (unit: HandoverUnit, code: string, message: string) => void,
  ): Promise<Outcome> {
    if (!(error instanceof ProviderError)) throw error;
    const retryable = readBack || error.retry !== 'never';
    const expired = item.ageMs > provider.session.giveUpAfterMs;
    if (retryable && !expired) {
      const uncertain = readBack || error.retry === 'after_readback';
      const isDown = error.code === 'unknown_outcome' || error.code === 'unreachable';
      return { kind: 'retry', error: error.message, uncertain, retryAfterMs: error.retryAfterMs, isDown };
    }
    const code = retryable ? 'gave_up' : error.code;
    this.log.warn(
      { handoverId: handover.id, provider: provider.name, kind: item.kind, code },
      'refused by the contact centre or given up',
    );
    await this.store.change(handover.id, (unit) => giveUp(unit, code, error.message));
    return { kind: 'failed', error: error.message };
  }
}

/** Whose messages come from the gateway: in a conversation that began in the contact centre the user writes there. */
function authorsOf({ incoming }: Handover): readonly OutboundMessage['author'][] {
  return incoming ? ['bot'] : ['user', 'bot'];
}

function isLaterPart(item: Command): item is Command & { message: Message } {
  return item.message !== null && item.payload?.part !== undefined && item.payload.part > 1;
}

function contentOf(message: Message): MessageContent {
  return { author: message.author.type === 'bot' ? 'bot' : 'user', text: message.text, cards: message.cards };
}
