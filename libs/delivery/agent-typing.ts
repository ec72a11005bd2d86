import { setTimeout as wait } from 'node:timers/promises';
import type { Agent, ProviderEvent, ProviderLog } from '#contract';
import {
  isConversation,
  isFinal,
  isSettledFor,
  type Handover,
  type HandoverStore,
  type InboxEntry,
  type ProviderRegistry,
} from '#core';

/** Between two changes of one conversation that the bot hears of, in milliseconds. */
const GAP_MS = 1_000;
/** The same again is told no sooner, in milliseconds: contact centres repeat it all the time. */
const REPEAT_MS = 3_000;
/** Conversations whose state is remembered. */
const MAX_REMEMBERED = 10_000;
/** Conversations told of at the same time; beyond that typing is dropped. */
const MAX_UNDER_WAY = 16;

type Typing = { typing: boolean; agent: Agent | null };
type Told = (handover: Handover, typing: Typing) => Promise<void>;

interface State {
  told: Typing | null;
  toldAt: number;
  /** The newest; what it replaces nobody needs to hear. */
  next: Typing | null;
  isRunning: boolean;
}

/**
 * Passes on that agents write: past the inbox, never stored and never tried again. However often a contact centre says so, the bot
 * hears one change a second of a conversation, the last one always.
 */
export class AgentTyping {
  private readonly states = new Map<string, State>();
  private readonly stopper = new AbortController();
  private underWay = 0;

  constructor(
    private readonly handovers: Pick<HandoverStore, 'unitsOf'>,
    private readonly registry: Pick<ProviderRegistry, 'get'>,
    private readonly tell: Told,
    private readonly now: () => number,
    private readonly log: ProviderLog,
    private readonly pause: (ms: number, signal: AbortSignal) => Promise<unknown> = (ms, signal) =>
      wait(ms, null, { signal, ref: false }).catch(() => null),
  ) {}

  /** True when the events are of typing and nothing else; they are taken care of then. */
  take(entry: InboxEntry, events: ProviderEvent[]): boolean {
    const newest = events.at(-1);
    if (newest?.type !== 'typing' || events.some(({ type }) => type !== 'typing')) return false;
    if (entry.ignored !== null || entry.conversationId === null || this.stopper.signal.aborted) return true;
    const state = this.stateOf(`${entry.source} ${entry.conversationId}`);
    state.next = { typing: newest.typing, agent: newest.agent };
    if (!state.isRunning) void this.run(entry, state);
    return true;
  }

  stop(): void {
    this.stopper.abort();
  }

  private stateOf(key: string): State {
    const state = this.states.get(key) ?? { told: null, toldAt: -Infinity, next: null, isRunning: false };
    this.states.delete(key);
    this.states.set(key, state);
    if (this.states.size > MAX_REMEMBERED) this.states.delete(this.states.keys().next().value!);
    return state;
  }

  /** One after the other, so that the bot hears of the end after the beginning. */
  private async run(entry: InboxEntry, state: State): Promise<void> {
    state.isRunning = true;
    while (state.next && !this.stopper.signal.aborted) {
      const next = { typing: state.next.typing, agent: state.next.agent ?? state.told?.agent ?? null };
      state.next = null;
      if (isSame(next, state.told) && this.now() - state.toldAt < (next.typing ? REPEAT_MS : GAP_MS)) continue;
      state.told = next;
      state.toldAt = this.now();
      await Promise.all([this.pass(entry, next), this.pause(GAP_MS, this.stopper.signal)]);
    }
    state.isRunning = false;
  }

  private async pass(entry: InboxEntry, typing: Typing): Promise<void> {
    if (this.underWay >= MAX_UNDER_WAY) return;
    this.underWay += 1;
    try {
      const handover = await this.handoverOf(entry);
      if (handover) await this.tell(handover, typing);
    } catch (error) {
      this.log.debug({ conversationId: entry.conversationId, err: (error as Error).message }, 'typing dropped');
    } finally {
      this.underWay -= 1;
    }
  }

  /** Read from the database: what this replica remembers is for changes. */
  private async handoverOf(entry: InboxEntry): Promise<Handover | null> {
    const units = await this.handovers.unitsOf({ conversationIds: [entry.conversationId!], anew: true });
    const found = units.find(({ handover }) => {
      const instance = this.registry.get(handover.provider);
      return instance !== undefined && isSettledFor(instance, entry);
    });
    // In a conversation that its bot has, no agent is heard.
    const isHeard = found !== undefined && !isFinal(found.handover) && !isConversation(found.handover);
    return isHeard ? found.handover : null;
  }
}

function isSame(one: Typing, other: Typing | null): boolean {
  return one.typing === other?.typing && one.agent?.id === other.agent?.id;
}
