import type { ProviderEvent, ProviderLog, RemoteAttachment } from '#contract';
import {
  applyEvent,
  costOfEvent,
  courseOf,
  isFinal,
  isSettledFor,
  mustLearnTenant,
  Refusal,
  type Attachment,
  type Handover,
  type HandoverStore,
  type HandoverUnit,
  type InboxEntry,
  type InboxRow,
  type InboxStore,
  type ProviderInstance,
  type ProviderRegistry,
} from '#core';
import type { ArrivingFiles } from './files/arriving-files.js';
import type { IgnoredEvents } from './ignored-events.js';
import type { IncomingConversations } from './incoming-conversations.js';
import type { LastLooks } from './last-looks.js';
import type { Tenants } from './tenants.js';

const POLL_MS = 1_000;
/** Events that came before their handover was known are applied when it is; this only finds those that never will be. */
const PARKED_POLL_MS = 5_000;
const POLL_LIMIT = 200;
/** Conversations worked on together, and groups of them at the same time. */
const GROUP_SIZE = 64;
const MAX_GROUPS = 2;

/** What people say and do, as against the course of the conversation. */
const SAID = new Set<ProviderEvent['type']>(['message', 'user.message', 'activity', 'ignored', 'created']);

/** Whether an error is the database's state and not the event's fault, so that trying again can help. */
export type IsTransient = (error: unknown) => boolean;

/**
 * Applies stored events to their handovers, conversation by conversation and in order; what is there at the same moment goes
 * together. Each ends as applied, ignored (why), parked until its conversation is known, or dead when it cannot be applied at
 * all; a dead one stops nothing else.
 */
export class InboxProcessor {
  private readonly waiting = new Set<string>();
  private readonly busy = new Set<string>();
  private readonly timers: NodeJS.Timeout[] = [];
  private groups = 0;
  private isScheduled = false;
  private stopped = true;

  constructor(
    private readonly store: InboxStore,
    private readonly handovers: Pick<HandoverStore, 'unitsOf' | 'commit' | 'receive'>,
    private readonly registry: ProviderRegistry,
    private readonly files: Pick<ArrivingFiles, 'of'>,
    private readonly incoming: IncomingConversations,
    private readonly tenants: Pick<Tenants, 'learn'>,
    private readonly isTransient: IsTransient,
    private readonly log: ProviderLog,
    private readonly lastLooks: LastLooks,
    private readonly ignored: Pick<IgnoredEvents, 'count'>,
  ) {}

  /** Resolves once everything that was left behind has been looked at. */
  async start(): Promise<void> {
    this.stopped = false;
    await this.process(await this.store.findPending(POLL_LIMIT));
    this.timers.push(setInterval(() => this.poll(this.store.findPending(POLL_LIMIT)), POLL_MS));
    this.timers.push(setInterval(() => this.poll(this.store.findParked(POLL_LIMIT)), PARKED_POLL_MS));
  }

  async stop(withinMs: number): Promise<void> {
    this.stopped = true;
    for (const timer of this.timers) clearInterval(timer);
    const deadline = performance.now() + withinMs;
    while (this.groups > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
  }

  /** A conversation has events to be applied, or has become known. */
  wake(conversationId: string): void {
    if (this.stopped) return;
    this.waiting.add(conversationId);
    if (this.isScheduled) return;
    this.isScheduled = true;
    // What one commit of the inbox brought is awake before this runs.
    queueMicrotask(() => {
      this.isScheduled = false;
      this.pump();
    });
  }

  private poll(found: Promise<string[]>): void {
    found
      .then((conversations) => conversations.forEach((id) => this.wake(id)))
      .catch((error: Error) => this.log.warn({ err: error.message }, 'inbox poll failed'));
  }

  /**
   * Applies an event at the moment it comes, where nothing speaks against it: what was said in a known conversation. The course of
   * a conversation depends on the order of arrival, which only the inbox knows; files have to be fetched first.
   * @returns false when it must go through the inbox; nothing is stored then
   */
  async take(entry: InboxEntry, events: ProviderEvent[]): Promise<boolean> {
    const isSaid = events.length > 0 && events.every((event) => SAID.has(event.type) && !hasFiles(event));
    if (this.stopped || entry.ignored !== null || entry.conversationId === null || !isSaid) return false;
    try {
      const apply = (unit: HandoverUnit): boolean => this.applyArrival(unit, entry, events);
      return await this.handovers.receive(entry.conversationId, apply, costOfEvent(entry));
    } catch (error) {
      if (error instanceof Refusal || this.isTransient(error)) throw error;
      this.log.warn({ type: entry.type, err: (error as Error).message }, 'event not applied as it came');
      return false;
    }
  }

  private applyArrival(unit: HandoverUnit, entry: InboxEntry, events: ProviderEvent[]): boolean {
    const instance = this.registry.get(unit.handover.provider);
    if (!instance || !isSettledFor(instance, entry) || isBetween(unit)) return false;
    // The same delivery twice at the same moment.
    if (unit.arrivals.some(({ entry: { key } }) => key === entry.key)) return true;
    const receivedAt = unit.now;
    const course = courseOf(instance);
    const reasons = events.map((event) => applyEvent(unit, { event, arrival: 0, receivedAt }, course));
    const reason = reasons.find((one) => one !== null) ?? null;
    unit.arrivals.push({ entry, status: reasons.every((one) => one !== null) ? 'ignored' : 'applied', reason });
    return true;
  }

  private pump(): void {
    while (this.groups < MAX_GROUPS && !this.stopped) {
      const group = this.nextGroup();
      if (group.length === 0) return;
      this.groups += 1;
      void this.process(group)
        .catch((error: Error) => this.log.warn({ err: error.message }, 'events wait: they could not be processed now'))
        .finally(() => {
          this.groups -= 1;
          for (const id of group) this.busy.delete(id);
          this.pump();
        });
    }
  }

  private nextGroup(): string[] {
    const group = [...this.waiting].filter((id) => !this.busy.has(id)).slice(0, GROUP_SIZE);
    for (const id of group) {
      this.waiting.delete(id);
      this.busy.add(id);
    }
    return group;
  }

  private async process(conversations: string[]): Promise<void> {
    if (conversations.length === 0) return;
    try {
      await this.apply(conversations);
    } catch (error) {
      if (this.isTransient(error)) throw error;
      if (conversations.length === 1) return this.isolate(conversations[0]!, error as Error);
      for (const conversation of conversations) await this.process([conversation]);
    }
  }

  /** One event spoils the rest: goes on one by one, and sets aside what cannot be applied. */
  private async isolate(conversation: string, cause: Error): Promise<void> {
    for (const row of await this.store.openRows([conversation])) {
      try {
        // What follows must not overtake a message whose files are under way.
        if (!(await this.apply([conversation], row.id))) return;
      } catch (error) {
        if (this.isTransient(error)) throw error;
        this.log.warn(
          { inboxId: row.id, conversationId: conversation, err: (error as Error).message, cause: cause.name },
          'event set aside as dead',
        );
        await this.store.settle([row.id], 'dead', (error as Error).message, null);
      }
    }
  }

  /** Applies all open events of the conversations, or only one of them. False when one waits for its files, and those behind it. */
  private async apply(conversations: string[], only?: string): Promise<boolean> {
    // In this order: a row that is still open now was not applied when the handover was read, or the commit finds it changed.
    const bound = await this.handovers.unitsOf({ conversationIds: conversations });
    const found = await this.store.openRows(conversations);
    const rows = only === undefined ? found : found.filter(({ id }) => id === only);
    const lanes = byLane(rows);
    const hinted = await this.hinted(rows, bound);
    const units = new Set<HandoverUnit>();
    let isComplete = true;
    for (const lane of lanes.values()) {
      let unit = findHandover(lane, bound, hinted) ?? null;
      const isUnbound = unit === null && (await this.store.hasUnbound(providersOf(lane)));
      if (unit === null && !isUnbound && (await this.isBoundMeanwhile(lane))) {
        this.wake(lane[0]!.conversationId!);
        isComplete = false;
        continue;
      }
      unit ??= await this.incoming.begunBy(lane, hinted, isUnbound);
      if (!unit) await this.setAside(lane, isUnbound);
      else if (this.mustWait(unit, lane) || !(await this.applyTo(unit, lane))) isComplete = false;
      // A new conversation is stored although its first message waits for its files, which are to belong to it.
      if (unit && (unit.verdicts.length > 0 || unit.isNew)) units.add(unit);
    }
    if (units.size === 0) return isComplete;
    // Whose handover was changed by somebody else meanwhile: read and worked out again.
    for (const unit of await this.staleOf([...units])) {
      const again = rows.find(({ id }) => unit.verdicts.some((verdict) => verdict.id === id));
      if (again) this.wake(again.conversationId!);
    }
    if (!isComplete) for (const { isNew, handover } of units) if (isNew) this.wake(handover.conversationId!);
    return isComplete;
  }

  private async staleOf(units: HandoverUnit[]): Promise<HandoverUnit[]> {
    const stale = await this.handovers.commit(units);
    return units.filter(({ handover }) => stale.has(handover.id));
  }

  /** Handovers whose conversation is not known yet, by their own id in an event. */
  private async hinted(rows: InboxRow[], bound: HandoverUnit[]): Promise<HandoverUnit[]> {
    const known = new Set(bound.map(({ handover }) => handover.conversationId));
    const ids = rows.flatMap(({ conversationId, handoverHint }) =>
      known.has(conversationId) ? [] : (handoverHint ?? []),
    );
    return ids.length > 0 ? this.handovers.unitsOf({ ids: [...new Set(ids)] }) : [];
  }

  /**
   * Whether a conversation that was nobody's has become a handover's since the handovers were read. Asked once no handover is without its
   * conversation any more: what was bound by then is seen now, so nothing of ours is taken for a stranger's.
   */
  private async isBoundMeanwhile(rows: InboxRow[]): Promise<boolean> {
    const bound = await this.handovers.unitsOf({ conversationIds: [rows[0]!.conversationId!] });
    return findHandover(rows, bound, []) !== undefined;
  }

  private async setAside(rows: InboxRow[], early: boolean): Promise<void> {
    const reason = early ? 'its conversation is not known yet' : 'belongs to no handover of ours';
    const ids = rows.map(({ id }) => id);
    await this.store.settle(ids, early ? 'parked' : 'ignored', reason, null);
    if (!early)
      this.ignored.count(
        providersOf(rows),
        reason,
        'events ignored: they belong to no handover of ours',
        {},
        ids.length,
      );
  }

  private mustWait({ handover }: HandoverUnit, rows: InboxRow[]): boolean {
    const instance = this.registry.get(handover.provider);
    if (!instance?.session.messagesSince || instance.session.reconcileMs === null) return false;
    const events = rows.flatMap(({ key, tenant, body }) => instance.session.events({ key, tenant, body }));
    return this.lastLooks.mustWait(handover, events, () => this.wake(rows[0]!.conversationId!));
  }

  /** Applies events in their order, up to one that has to wait: for its files, or for whoever has the conversation next. False when there is one. */
  private async applyTo(unit: HandoverUnit, rows: InboxRow[]): Promise<boolean> {
    const instance = this.registry.get(unit.handover.provider);
    if (!instance || isBetween(unit)) return false;
    let isComplete = true;
    for (const row of rows) {
      if (isBetween(unit)) {
        unit.deferred.push(row.id);
        continue;
      }
      if (row.tenant !== null && mustLearnTenant(instance)) await this.tenants.learn(instance, row.tenant);
      if (row.tenant !== null && mustLearnTenant(instance)) return false;
      if (!isSettledFor(instance, row)) {
        unit.verdicts.push({ id: row.id, status: 'ignored', reason: 'another tenant' });
        continue;
      }
      const events = instance.session.events({ key: row.key, tenant: row.tenant, body: row.body });
      const wanted = events.flatMap((event) => filesIn(event, unit.handover));
      const files = wanted.length > 0 ? await this.fetched(unit, instance, row, wanted) : [];
      // Those behind it wait too, but their files are fetched meanwhile.
      if (files === null) isComplete = false;
      else if (isComplete) this.applyRow(unit, instance, row, events, files);
    }
    return isComplete;
  }

  /** The files of an event; null while they are being fetched. */
  private async fetched(
    { handover, isNew }: HandoverUnit,
    provider: ProviderInstance,
    { id: inboxId, conversationId }: InboxRow,
    wanted: RemoteAttachment[],
  ): Promise<Attachment[] | null> {
    if (isNew) return null;
    const { id: handoverId, bot } = handover;
    const request = { inboxId, handoverId, bot, conversationId: conversationId!, provider, wanted };
    return this.files.of(request, () => this.wake(conversationId!));
  }

  private applyRow(
    unit: HandoverUnit,
    instance: ProviderInstance,
    row: InboxRow,
    events: ProviderEvent[],
    files: Attachment[],
  ): void {
    const left = [...files];
    const course = courseOf(instance);
    const reasons = events.map((event) => {
      const attachments = left.splice(0, filesIn(event, unit.handover).length);
      const received = { event, arrival: Number(row.id), receivedAt: row.receivedAt, attachments };
      return applyEvent(unit, received, course);
    });
    const ignored = reasons.every((reason) => reason !== null);
    const reason = reasons.find((one) => one !== null) ?? null;
    unit.verdicts.push({ id: row.id, status: ignored ? 'ignored' : 'applied', reason });
  }
}

/**
 * What began in the contact centre has just ended here, and its conversation is about to be the bot's again, or a new one: what comes
 * next waits for that.
 */
function isBetween({ handover }: HandoverUnit): boolean {
  return handover.incoming !== null && (handover.status === 'handed_over' || isFinal(handover));
}

/** What has to be fetched for an event. In a handover that a bot started the user's messages are the bot's own, coming back. */
function filesIn(event: ProviderEvent, { incoming }: Handover): RemoteAttachment[] {
  return event.type === 'message' || (event.type === 'user.message' && incoming !== null) ? event.attachments : [];
}

/** Whether something may have to be fetched for an event, whoever it is for. */
function hasFiles(event: ProviderEvent): boolean {
  return (event.type === 'message' || event.type === 'user.message') && event.attachments.length > 0;
}

/** Events of one conversation that come from different accounts' authorities are kept apart. */
function byLane(rows: InboxRow[]): Map<string, InboxRow[]> {
  const lanes = new Map<string, InboxRow[]>();
  for (const row of rows) {
    const key = `${row.source} ${row.conversationId}`;
    lanes.set(key, [...(lanes.get(key) ?? []), row]);
  }
  return lanes;
}

function providersOf(rows: InboxRow[]): string[] {
  return [...new Set(rows.flatMap(({ providers }) => providers))];
}

/** The handover that a conversation's events belong to, by the conversation or by the handover's own id in them. */
function findHandover(rows: InboxRow[], bound: HandoverUnit[], hinted: HandoverUnit[]): HandoverUnit | undefined {
  const { conversationId } = rows[0]!;
  const providers = new Set(providersOf(rows));
  const hints = new Set(rows.flatMap(({ handoverHint }) => handoverHint ?? []));
  const isOne = ({ handover }: HandoverUnit): boolean => providers.has(handover.provider);
  return (
    bound.find((unit) => isOne(unit) && unit.handover.conversationId === conversationId) ??
    hinted.find((unit) => isOne(unit) && unit.handover.conversationId === null && hints.has(unit.handover.id))
  );
}
