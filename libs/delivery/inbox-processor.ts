import type { ProviderEvent, ProviderLog } from '#contract';
import {
  acceptsTenant,
  applyEvent,
  mayProveTenant,
  type HandoverUnit,
  type InboxLane,
  type InboxRow,
  type InboxStore,
  type InboxTransaction,
  type ProviderInstance,
  type ProviderRegistry,
} from '#core';

const POLL_MS = 1_000;
const POLL_BATCH = 200;

/** Holds a provider without a configured tenant to the tenant of its first event. */
export type PinTenant = (instance: ProviderInstance, tenant: string) => Promise<void>;

/** Whether an error is the database's state and not the event's fault, so that trying again can help. */
export type IsTransient = (error: unknown) => boolean;

/**
 * Applies stored events to their handovers, conversation by conversation and in order. Each ends as applied, ignored (why),
 * parked until its conversation is known, or dead when it cannot be applied at all; a dead one stops nothing else.
 */
export class InboxProcessor {
  private readonly running = new Map<string, { again: boolean }>();
  private timer: NodeJS.Timeout | undefined;
  private stopped = true;

  constructor(
    private readonly store: InboxStore,
    private readonly registry: ProviderRegistry,
    private readonly pinTenant: PinTenant,
    private readonly isTransient: IsTransient,
    private readonly log: ProviderLog,
  ) {}

  /** Resolves once everything that was left behind has been looked at. */
  async start(): Promise<void> {
    this.stopped = false;
    for (const lane of await this.store.findOpen(POLL_BATCH)) await this.process(lane);
    this.timer = setInterval(() => this.wakeAll(), POLL_MS);
  }

  async stop(withinMs: number): Promise<void> {
    this.stopped = true;
    clearInterval(this.timer);
    const deadline = performance.now() + withinMs;
    while (this.running.size > 0 && performance.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 20));
  }

  wake(lane: InboxLane): void {
    if (this.stopped) return;
    const key = `${lane.source} ${lane.conversationId}`;
    const running = this.running.get(key);
    if (running) {
      running.again = true;
      return;
    }
    const state = { again: false };
    this.running.set(key, state);
    void this.process(lane)
      .catch((error: Error) =>
        this.log.warn(
          { conversationId: lane.conversationId, err: error.message },
          'events wait: they could not be processed now',
        ),
      )
      .finally(() => {
        this.running.delete(key);
        if (state.again) this.wake(lane);
      });
  }

  /** Looks for whatever is open. */
  wakeAll(): void {
    if (this.stopped) return;
    void this.store
      .findOpen(POLL_BATCH)
      .then((lanes) => lanes.forEach((lane) => this.wake(lane)))
      .catch((error: Error) => this.log.warn({ err: error.message }, 'inbox poll failed'));
  }

  private async process(lane: InboxLane): Promise<void> {
    try {
      await this.store.transaction(async (tx) => this.apply(tx, await tx.openRows(lane)));
    } catch (error) {
      if (this.isTransient(error)) throw error;
      await this.isolate(lane, error as Error);
    }
  }

  /** One event spoils the batch: goes on one by one, and sets aside what cannot be applied. */
  private async isolate(lane: InboxLane, cause: Error): Promise<void> {
    const rows = await this.store.transaction((tx) => tx.openRows(lane));
    for (const row of rows) {
      try {
        await this.store.transaction((tx) => this.apply(tx, [row]));
      } catch (error) {
        if (this.isTransient(error)) throw error;
        this.log.warn(
          { inboxId: row.id, conversationId: lane.conversationId, err: (error as Error).message, cause: cause.name },
          'event set aside as dead',
        );
        await this.store.transaction((tx) => tx.settleRow(row.id, 'dead', (error as Error).message, null));
      }
    }
  }

  private async apply(tx: InboxTransaction, rows: InboxRow[]): Promise<void> {
    if (rows.length === 0) return;
    const { conversationId } = rows[0]!;
    const providers = [...new Set(rows.flatMap((row) => row.providers))];
    const hints = rows.flatMap((row) => row.handoverHint ?? []);
    const target = await tx.findHandover(providers, conversationId, hints);
    if (!target) return this.setAside(tx, rows, providers);
    const instance = this.registry.get(target.provider);
    if (!instance) return;
    await tx.change(target.id, async (unit) => {
      for (const row of rows) await this.applyRow(tx, unit, instance, row);
    });
  }

  private async setAside(tx: InboxTransaction, rows: InboxRow[], providers: string[]): Promise<void> {
    const early = await tx.hasUnbound(providers);
    for (const row of rows) {
      const reason = early ? 'its conversation is not known yet' : 'belongs to no handover of ours';
      await tx.settleRow(row.id, early ? 'parked' : 'ignored', reason, null);
    }
    if (!early)
      this.log.info(
        { conversationId: rows[0]!.conversationId, providers, count: rows.length },
        'events ignored: they belong to no handover of ours',
      );
  }

  private async applyRow(
    tx: InboxTransaction,
    unit: HandoverUnit,
    instance: ProviderInstance,
    row: InboxRow,
  ): Promise<void> {
    const handoverId = unit.handover.id;
    if (!row.providers.includes(instance.name) || !(await this.isOurTenant(instance, row, handoverId))) {
      return tx.settleRow(row.id, 'ignored', 'another tenant', null);
    }
    const events: ProviderEvent[] = instance.session.events({ key: row.key, tenant: row.tenant, body: row.body });
    const reasons = events.map((event) =>
      applyEvent(unit, { event, arrival: Number(row.id), receivedAt: row.receivedAt }, instance.session.endGraceMs),
    );
    const ignored = reasons.every((reason) => reason !== null);
    await tx.settleRow(
      row.id,
      ignored ? 'ignored' : 'applied',
      reasons.find((reason) => reason !== null) ?? null,
      handoverId,
    );
  }

  /** An account whose settings name no tenant is held to that of its first event, until an event proves another one. */
  private async isOurTenant(instance: ProviderInstance, row: InboxRow, handoverId: string): Promise<boolean> {
    const { tenant, handoverHint } = row;
    if (tenant === null || instance.session.tenant !== null) return acceptsTenant(instance, tenant);
    const proven = mayProveTenant(instance, handoverHint) && handoverHint === handoverId;
    if (instance.pinnedTenant === null || (proven && instance.pinnedTenant !== tenant)) {
      this.log.warn(
        { provider: instance.name, tenant, before: instance.pinnedTenant },
        'provider held to this tenant from now on; set it in the settings',
      );
      await this.pinTenant(instance, tenant);
    }
    return acceptsTenant(instance, tenant);
  }
}
