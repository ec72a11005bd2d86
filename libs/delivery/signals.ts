import { ProviderError, type ProviderLog, type ProviderSession } from '#contract';
import { isFinal, type Handover, type ProviderInstance, type Signal } from '#core';

/** Contact centres show typing for some seconds; in between it is not said again, in milliseconds. */
const TYPING_EVERY_MS = 3_000;
/** Handovers and authors whose last typing is remembered. */
const MAX_REMEMBERED = 10_000;
/** Signals under way to one provider; what comes beyond is dropped, so that messages have the connections. */
const MAX_UNDER_WAY = 4;
/** A provider that failed is spared for so long, in milliseconds, unless it asks for longer. */
const PAUSE_MS = 2_000;

/** Shows the agent what is true for a moment only. Whatever stands against it, the signal is dropped: the next one is worth more. */
export class Signals {
  private readonly typedAt = new Map<string, number>();
  private readonly underWay = new Map<string, number>();
  private readonly pausedUntil = new Map<string, number>();

  constructor(
    /** Whether messages to a provider fail at the moment. */
    private readonly isDown: (provider: string) => boolean,
    /** Milliseconds of a clock that only goes forward. */
    private readonly now: () => number,
    private readonly log: ProviderLog,
  ) {}

  /** Returns at once; resolves, for whoever wants to know, when the signal was shown or dropped. */
  async send(handover: Handover, { name, session }: ProviderInstance, signal: Signal): Promise<void> {
    const { conversationId, status, closing } = handover;
    if (conversationId === null || status === 'requested' || closing !== null || isFinal(handover)) return;
    const underWay = this.underWay.get(name) ?? 0;
    if (this.isDown(name) || underWay >= MAX_UNDER_WAY || this.now() < (this.pausedUntil.get(name) ?? 0)) return;
    if (signal.kind === 'typing' && !this.isDue(`${handover.id} ${signal.author}`)) return;
    this.underWay.set(name, underWay + 1);
    try {
      await show(session, conversationId, signal);
    } catch (error) {
      const { code = 'unexpected', retry, retryAfterMs = 0 } = error instanceof ProviderError ? error : {};
      // What is refused for its own sake, such as a signal that an older version does not know, says nothing of others.
      if (retry !== 'never' || code === 'unauthorized')
        this.pausedUntil.set(name, this.now() + Math.max(PAUSE_MS, retryAfterMs));
      this.log.debug({ handoverId: handover.id, provider: name, signal: signal.kind, code }, 'signal dropped');
    } finally {
      this.underWay.set(name, this.underWay.get(name)! - 1);
    }
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
