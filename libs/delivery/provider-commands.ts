import { ProviderError, type OutboundMessage, type ProviderLog, type StartRequest } from '#contract';
import {
  isFinal,
  recordEnded,
  recordSendFailed,
  recordSent,
  recordStarted,
  recordStartFailed,
  startRequestOf,
  type Handover,
  type HandoverStore,
  type HandoverUnit,
  type Message,
  type OutboxItem,
  type OutboxStore,
  type ProviderInstance,
  type ProviderRegistry,
} from '#core';
import type { Executor, Outcome } from './relay.js';

/** A longer history than this is of no use to any contact centre; providers cut further. */
const HISTORY_LIMIT = 1_000;
/** How long messages wait for the contact centre to confirm a conversation that it has opened, in milliseconds. */
const HOLD_BACK_MS = 2_000;
/** How long a refusal may still mean that the conversation is not ready, in milliseconds. */
const NOT_READY_MS = 10_000;
const LOOK_AGAIN_MS = 200;

type Context = { item: OutboxItem; handover: Handover; provider: ProviderInstance };

/**
 * Carries out what bots asked for in the contact centre. Unknown outcomes are looked up before anything is sent again, and an
 * outcome is stored together with the handover's change.
 */
export class ProviderCommands {
  constructor(
    private readonly store: HandoverStore,
    private readonly outbox: OutboxStore,
    private readonly registry: ProviderRegistry,
    private readonly now: () => number,
    private readonly log: ProviderLog,
  ) {}

  readonly execute: Executor = async (item) => {
    const handover = await this.store.get(item.handoverId);
    if (!handover) return { kind: 'failed', error: 'The handover is gone.' };
    const provider = this.registry.get(handover.provider);
    if (!provider)
      return { kind: 'retry', error: 'The provider is not loaded in this gateway.', uncertain: item.uncertain };
    const context = { item, handover, provider };
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
    const { item, handover, provider } = context;
    const { session } = provider;
    // What was accepted before the close is still sent; a conversation with nothing to say in it is not opened for that.
    const nothingToSend = handover.messageSequence === handover.transcriptLength;
    const unwanted = isFinal(handover) || (handover.closing !== null && nothingToSend);
    let readBack = item.uncertain;
    try {
      let conversation = handover.conversationId;
      if (!conversation && item.uncertain && session.findStarted) conversation = await session.findStarted(handover.id);
      readBack = false;
      if (!conversation && unwanted) return { kind: 'done' };
      conversation ??= await session.start(await this.requestOf(context));
      const started = conversation;
      return await this.settle(item, 'done', null, (unit) => recordStarted(unit, started));
    } catch (error) {
      return this.failure(context, error, readBack, (unit, code, message) => {
        const reason = code === 'unsupported' ? 'unsupported' : code === 'gave_up' ? 'unreachable' : 'rejected';
        recordStartFailed(unit, { reason, message });
      });
    }
  }

  private async message(context: Context): Promise<Outcome> {
    const { item, handover, provider } = context;
    const message = await this.store.transaction((tx) => tx.message(item.messageId!));
    if (!message) return { kind: 'failed', error: 'The message is gone.' };
    const { conversationId } = handover;
    if (!conversationId || (isFinal(handover) && !handover.closing)) {
      const error = 'The handover ended before the message was sent.';
      return this.settle(item, 'failed', error, (unit) => recordSendFailed(unit, message, error));
    }
    if (!handover.closing && this.isUnconfirmed(handover, HOLD_BACK_MS)) return { kind: 'wait', ms: LOOK_AGAIN_MS };
    const outbound = outboundOf(message);
    let readBack = item.uncertain;
    try {
      const there = item.uncertain && (await this.isSent(provider, conversationId, message, outbound));
      readBack = false;
      if (!there) await provider.session.send(conversationId, outbound);
      return await this.settle(item, 'done', null, (unit) => recordSent(unit, message));
    } catch (error) {
      const refused = error instanceof ProviderError && error.retry === 'never';
      if (refused && this.isUnconfirmed(handover, NOT_READY_MS)) return { kind: 'wait', ms: LOOK_AGAIN_MS };
      return this.failure(context, error, readBack, (unit, _code, text) => recordSendFailed(unit, message, text));
    }
  }

  /** A new conversation that the contact centre has not said a word about yet. It may not take messages so early. */
  private isUnconfirmed({ status, boundAt }: Handover, withinMs: number): boolean {
    return status === 'requested' && boundAt !== null && this.now() - boundAt.getTime() < withinMs;
  }

  private async isSent(
    provider: ProviderInstance,
    conversation: string,
    message: Message,
    outbound: OutboundMessage,
  ): Promise<boolean> {
    if (!provider.session.findSent) return false;
    const identicalBefore = await this.outbox.countIdenticalBefore(message.id);
    return provider.session.findSent(conversation, outbound, identicalBefore);
  }

  private async update(context: Context): Promise<Outcome> {
    const { item, handover, provider } = context;
    const { conversationId } = handover;
    if (!conversationId || isFinal(handover) || !provider.session.update) return { kind: 'done' };
    try {
      const request = await this.requestOf(context);
      await provider.session.update(conversationId, {
        request,
        userChanged: item.payload?.userChanged ?? false,
        queueId: item.payload?.queueId,
      });
      return { kind: 'done' };
    } catch (error) {
      return this.failure(context, error, false, () => undefined);
    }
  }

  private async end(context: Context): Promise<Outcome> {
    const { item, handover, provider } = context;
    const conversation = item.payload?.conversationId ?? handover.conversationId;
    const record = (unit: HandoverUnit): void => (item.payload?.conversationId ? undefined : recordEnded(unit));
    try {
      if (conversation) await provider.session.end(conversation);
      return await this.settle(item, 'done', null, record);
    } catch (error) {
      return this.failure(context, error, false, record);
    }
  }

  private async requestOf({ handover, provider }: Context): Promise<StartRequest> {
    const { data } = await this.store.messages(handover.id, { limit: HISTORY_LIMIT });
    const transcript = data
      .filter(({ sequence }) => sequence <= handover.transcriptLength)
      .map(({ author, text }) => ({ author: author.type, text: text ?? '' }));
    return startRequestOf(handover, provider.defaults, transcript);
  }

  /** Stores an outcome and what it changes in one transaction. */
  private async settle(
    item: OutboxItem,
    status: 'done' | 'failed',
    error: string | null,
    change: (unit: HandoverUnit) => void,
  ): Promise<Outcome> {
    await this.store.transaction(async (tx) => {
      if (await tx.settleItem(item.id, status, error)) await tx.change(item.handoverId, change);
    });
    return { kind: 'settled' };
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
      return { kind: 'retry', error: error.message, uncertain, retryAfterMs: error.retryAfterMs };
    }
    const code = retryable ? 'gave_up' : error.code;
    this.log.warn(
      { handoverId: handover.id, provider: provider.name, kind: item.kind, code },
      'refused by the contact centre or given up',
    );
    return this.settle(item, 'failed', error.message, (unit) => giveUp(unit, code, error.message));
  }
}

function outboundOf(message: Message): OutboundMessage {
  return { author: message.author.type === 'bot' ? 'bot' : 'user', text: message.text, cards: message.cards };
}
