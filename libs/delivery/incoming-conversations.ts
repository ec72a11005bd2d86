import type { ProviderEvent, ProviderLog } from '#contract';
import {
  acceptsTenant,
  beginConversation,
  begins,
  type HandoverStore,
  type HandoverUnit,
  type InboxRow,
  type ProviderInstance,
  type ProviderRegistry,
} from '#core';

/** Finds out whether events of an unknown conversation begin one that a bot is to have. */
export class IncomingConversations {
  constructor(
    private readonly handovers: Pick<HandoverStore, 'lastIncoming'>,
    private readonly registry: ProviderRegistry,
    private readonly now: () => Date,
    private readonly log: ProviderLog,
  ) {}

  /**
   * The new conversation that these events, all of one conversation of the contact centre, are to be applied to; null where they
   * begin none, or where it cannot be told yet: they may be those of a handover whose conversation is not known.
   * @param hinted handovers whose ids are in the events
   * @param isUnbound some handover's conversation is not known yet
   */
  async begunBy(rows: InboxRow[], hinted: HandoverUnit[], isUnbound: boolean): Promise<HandoverUnit | null> {
    const conversation = rows[0]!.conversationId!;
    const instance = this.endpointOf(rows);
    if (!instance || this.areOfHandover(rows, hinted)) return null;
    const events = rows.flatMap((row) => eventsOf(instance, row));
    if (!events.some((event) => begins(event, null))) return null;
    const isForeign = events.some(({ visitor }) => visitor?.isForeign);
    if (!isForeign && isUnbound) return null;
    const before = await this.handovers.lastIncoming(instance.name, conversation);
    if (!events.some((event) => begins(event, before && before.incoming))) return null;
    const { bot, acceptActiveEvent, handBack } = instance.options.endpoint!;
    this.log.info({ provider: instance.name, bot, conversationId: conversation }, 'incoming conversation');
    return beginConversation(
      {
        bot,
        provider: instance.name,
        conversation,
        visitor: events.findLast(({ visitor }) => visitor)?.visitor ?? null,
        handBack,
        isTold: acceptActiveEvent,
      },
      this.now(),
    );
  }

  /** 8x8's keys, and anybody's alike, may serve all customers: only an account that knows its tenant takes strangers in. */
  private endpointOf(rows: InboxRow[]): ProviderInstance | undefined {
    const names = new Set(rows.flatMap(({ providers }) => providers));
    return [...names]
      .flatMap((name) => this.registry.get(name) ?? [])
      .find((instance) => {
        const { enabled, options } = instance;
        return enabled && options.endpoint !== null && rows.every(({ tenant }) => acceptsTenant(instance, tenant));
      });
  }

  /** A handover's conversation never becomes an incoming one; only a handover of an incoming one leaves its id in it. */
  private areOfHandover(rows: InboxRow[], hinted: HandoverUnit[]): boolean {
    const hints = rows.flatMap(({ handoverHint }) => handoverHint ?? []);
    return !hints.every((hint) => hinted.some(({ handover }) => handover.id === hint && handover.incoming !== null));
  }
}

/** What cannot be mapped is found out when it is applied. */
function eventsOf({ session }: ProviderInstance, { key, tenant, body }: InboxRow): ProviderEvent[] {
  try {
    return session.events({ key, tenant, body });
  } catch {
    return [];
  }
}
