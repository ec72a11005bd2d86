import { ProviderError, type ProviderLog, type ProviderSession } from '#contract';
import { Budget, isFinal, type Handover, type ProviderInstance, type Signal } from '#core';
import type { VendorCalls } from './vendor-calls.js';

/** Contact centres show typing for some seconds; in between it is not said again, in milliseconds. */
const TYPING_EVERY_MS = 3_000;
/** Handovers and authors whose last typing is remembered. */
const MAX_REMEMBERED = 10_000;
/** Signals under way to one provider; what comes beyond is dropped, so that messages have the connections. */
const UNDER_WAY = { total: 8, share: 4, floor: 2 };
/** A provider that failed is spared that bot's signals for so long, in milliseconds, unless it asks for longer. */
const PAUSE_MS = 2_000;

/** Shows the agent what is true for a moment only. Whatever stands against it, the signal is dropped: the next one is worth more. */
export class Signals {
  private readonly typedAt = new Map<string, number>();
  private readonly underWay = new Map<string, Budget>();
  private readonly pausedUntil = new Map<string, number>();

  constructor(
    /** Whether a bot's messages to a provider fail at the moment. */
    private readonly isDown: (provider: string, bot: string) => boolean,
    private readonly calls: Pick<VendorCalls, 'take'>,
    /** Milliseconds of a clock that only goes forward. */
    private readonly now: () => number,
    private readonly log: ProviderLog,
  ) {}

  /**
   * Returns at once; resolves, for whoever wants to know, when the signal was shown or dropped.
   * @throws {Refusal} at once, when the bot's budget of vendor calls is used up
   */
  send(handover: Handover, provider: ProviderInstance, signal: Signal): Promise<void> {
    const { bot, conversationId, status, closing } = handover;
    const { name } = provider;
    const dropped = Promise.resolve();
    if (conversationId === null || status === 'requested' || closing !== null || isFinal(handover)) return dropped;
    const underWay = this.underWay.get(name) ?? new Budget('signals', UNDER_WAY);
    this.underWay.set(name, underWay);
    if (this.isDown(name, bot) || this.isPaused(name, bot) || !underWay.hasRoom(`bot:${bot}`)) return dropped;
    if (signal.kind === 'typing' && !this.isDue(`${handover.id} ${signal.author}`)) return dropped;
    this.calls.take(name, bot);
    underWay.take(`bot:${bot}`);
    return this.show(handover, provider, conversationId, signal).finally(() => underWay.free(`bot:${bot}`));
  }

  private async show(
    { id, bot }: Handover,
    { name, session }: ProviderInstance,
    conversationId: string,
    signal: Signal,
  ): Promise<void> {
    try {
      await show(session, conversationId, signal);
    } catch (error) {
      const { code = 'unexpected', retry, retryAfterMs = 0 } = error instanceof ProviderError ? error : {};
      // What is refused for its own sake, such as a signal that an older version does not know, says nothing of others.
      if (retry !== 'never' || code === 'unauthorized') {
        // Nor do failures of one bot's conversations say anything of another's; a limit and a key are the whole account's.
        const isOfAll = code === 'rate_limited' || code === 'unauthorized';
        this.pausedUntil.set(isOfAll ? name : `${name} ${bot}`, this.now() + Math.max(PAUSE_MS, retryAfterMs));
      }
      this.log.debug({ handoverId: id, provider: name, signal: signal.kind, code }, 'signal dropped');
    }
  }

  private isPaused(name: string, bot: string): boolean {
    return [name, `${name} ${bot}`].some((key) => this.now() < (this.pausedUntil.get(key) ?? 0));
  }

  private isDue(key: string): boolean {
    const last = this.typedAt.get(key);
    if (last !== undefined && this.now() - last < TYPING_EVERY_MS) return false;
    this.typedAt.delete(key);
    this.typedAt.set(key, this.now());
    if (this.typedAt.size > MAX_REMEMBERED) this.typedAt.delete(this.typedAt.keys().next().value!);
    return true;
  }
}

function show(session: ProviderSession, conversation: string, signal: Signal): Promise<void> | undefined {
  switch (signal.kind) {
    case 'typing':
      return session.typing?.(conversation, signal.author);
    case 'thinking':
      return session.thinking?.(conversation, signal.maxSeconds);
    case 'read':
      return session.read?.(conversation, signal.at);
  }
}
