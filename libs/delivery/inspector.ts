import type { Inspection, ListedMessage, MessageList, ProviderLog, ProviderSession } from '#contract';
import {
  courseOf,
  heardAfter,
  isFinal,
  reconcile,
  standingText,
  type Attachment,
  type Handover,
  type HandoverStore,
  type HandoverUnit,
  type InspectionStore,
  type ProviderInstance,
  type ProviderRegistry,
  type Reconciled,
} from '#core';
import type { CaughtUpFiles } from './files/caught-up-files.js';

/** What is listed is read again from this long before what is settled, in milliseconds. */
const OVERLAP_MS = 120_000;
/** An event is given this long to come before its message is caught up, or one interval if that is shorter. Milliseconds. */
const SETTLE_MS = 10_000;
/** A busy transcript may grow while it is being compared, and a long outage takes several changes. */
const MAX_ROUNDS = 10;

/** What is asked for: how the conversation stands and what was said, or only the latter. */
export type Question = 'everything' | 'messages';

export interface Comparison extends Reconciled {
  /** Since the last message, or since the request where there is none, in milliseconds. */
  quietMs: number;
}

/** Compares one handover with what its contact centre says, and brings it to that. */
export class Inspector {
  /** Handovers for whose messages files are being fetched. */
  private readonly fetching = new Set<string>();

  constructor(
    private readonly handovers: Pick<HandoverStore, 'get' | 'change'>,
    private readonly store: InspectionStore,
    private readonly registry: ProviderRegistry,
    private readonly files: CaughtUpFiles,
    private readonly now: () => Date,
    private readonly log: ProviderLog,
  ) {}

  /** A message has been found, and its files are being fetched. */
  isFetching(handoverId: string): boolean {
    return this.fetching.has(handoverId);
  }

  /**
   * Resolves to null when there is nothing to ask about.
   * @throws {ProviderError} when the contact centre cannot be asked
   */
  async compare(handoverId: string, settledUntil: number | null, question: Question): Promise<Comparison | null> {
    const handover = await this.handovers.get(handoverId);
    const provider = handover ? this.registry.get(handover.provider) : undefined;
    if (!handover || !provider || !isOpen(handover)) return null;
    const course = courseOf(provider);
    const { endGraceMs } = course;
    const files = new Map<string, Attachment[]>();
    const asked = { askedAt: this.now(), standing: standingText(handover, endGraceMs) };
    const known = settledUntil ?? heardAfter(handover);
    const seen = await look(provider.session, handover.conversationId!, known, question);
    const settleMs = question === 'messages' ? 0 : Math.min(SETTLE_MS, provider.session.reconcileMs ?? SETTLE_MS);
    for (let round = 0; round < MAX_ROUNDS; round++) {
      const transcript = await this.store.transcript(handoverId);
      if (!transcript) return null;
      const sighting = { ...asked, ...seen, transcript, settleMs, files };
      const work = (unit: HandoverUnit): Reconciled | null => reconcile(unit, sighting, course);
      const result = await this.handovers.change(handoverId, work, { anew: true });
      if (!result) continue;
      if (result.recognised.length > 0) await this.store.recognise(result.recognised);
      this.report(handover, provider, result);
      const isReady = await this.fetchFiles(handover, provider, result.wanting, files);
      if (result.hasMore && isReady) continue;
      const quietMs = this.now().getTime() - (transcript.lastAt ?? handover.createdAt.getTime());
      return { ...result, quietMs };
    }
    return null;
  }

  /** False when some could not be settled for now. */
  private async fetchFiles(
    handover: Handover,
    provider: ProviderInstance,
    messages: ListedMessage[],
    files: Map<string, Attachment[]>,
  ): Promise<boolean> {
    if (messages.length === 0) return true;
    const { id } = handover;
    this.fetching.add(id);
    try {
      const fetched = await Promise.all(messages.map((message) => this.files.of(handover, provider, message)));
      fetched.forEach((found, index) => found && files.set(messages[index]!.id, found));
      return fetched.every((found) => found !== null);
    } finally {
      this.fetching.delete(id);
    }
  }

  private report({ id }: Handover, { name }: ProviderInstance, { caughtUp, facts }: Reconciled): void {
    if (caughtUp === 0 && facts.length === 0) return;
    const level = caughtUp > 0 ? 'warn' : 'info';
    this.log[level](
      { handoverId: id, provider: name, messages: caughtUp, facts },
      'caught up on what no event had told',
    );
  }
}

function isOpen(handover: Handover): boolean {
  return !isFinal(handover) && handover.closing === null && handover.conversationId !== null;
}

/** First how it stands, then what was said: so nothing that was said before an end is overlooked. */
async function look(
  session: ProviderSession,
  conversation: string,
  settledUntil: number | null,
  question: Question,
): Promise<{ inspection: Inspection | null; list: MessageList | null }> {
  const inspection = question === 'everything' ? ((await session.inspect?.(conversation)) ?? null) : null;
  const since = settledUntil === null ? null : settledUntil - OVERLAP_MS;
  const list = inspection?.state === 'gone' ? null : ((await session.messagesSince?.(conversation, since)) ?? null);
  return { inspection, list };
}
