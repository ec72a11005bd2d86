import { randomUUID } from 'node:crypto';
import {
  WebhookRejected,
  type ProviderEvent,
  type ProviderLog,
  type RawWebhook,
  type VerifiedWebhook,
  type WebhookReceiver,
} from '#contract';
import {
  acceptsTenant,
  mustLearnTenant,
  Refusal,
  sameSecret,
  type InboxEntry,
  type InboxStore,
  type ProviderInstance,
  type ProviderRegistry,
} from '#core';
import type { AgentTyping } from './agent-typing.js';
import type { IgnoredEvents } from './ignored-events.js';
import type { InboxProcessor } from './inbox-processor.js';
import type { Tenants } from './tenants.js';
import type { WebhookFlow } from './webhook-flow.js';
import type { WebhookRefusals } from './webhook-refusals.js';

type Address = { type: string; name?: string; token?: string };
type Incoming = RawWebhook & Address;

/** Takes webhooks in: proves them, stores them, and only then lets them be acknowledged. */
export class Inbox implements WebhookReceiver {
  constructor(
    private readonly store: InboxStore,
    private readonly registry: ProviderRegistry,
    private readonly processor: InboxProcessor,
    private readonly typing: AgentTyping,
    private readonly log: ProviderLog,
    private readonly tenants: Tenants,
    private readonly notes: { refusals: WebhookRefusals; flow: WebhookFlow; ignored: IgnoredEvents },
  ) {}

  async receive(webhook: Incoming): Promise<void> {
    const addressed = this.addressed(webhook, (instance, refusal) => this.notes.refusals.note([instance], refusal));
    const probe = addressed[0] ?? this.registry.ofType(webhook.type)[0];
    if (probe?.session.isHandshake(webhook)) {
      const named = webhook.name ?? `any of type ${webhook.type}`;
      this.notes.ignored.count([named], 'connection test', 'connection test of the contact centre answered');
      return;
    }
    const { verified, instances } = await verify(webhook, addressed).catch((error: unknown) => {
      this.notes.refusals.note(addressed, error);
      throw error;
    });
    const eligible = await this.eligible(instances, verified.tenant);
    if (eligible.length === 0) return;
    const events = eligible[0]!.session.events(verified);
    const { conversationId, handoverHint } = addressOf(events);
    this.notes.flow.note(eligible.map(({ name }) => name));
    const ignored = this.whyIgnored(events[0], eligible);
    const source = `${webhook.type}|${instances.map(({ session }) => session.webhookAuthority).sort()[0]}`;
    const entry: InboxEntry = {
      source,
      key: verified.key ?? randomUUID(),
      type: webhook.type,
      providers: eligible.map(({ name }) => name),
      tenant: verified.tenant,
      conversationId,
      handoverHint,
      // What is of no use is kept to be known again, and not to be read.
      body: ignored === null ? verified.body : Buffer.alloc(0),
      ignored,
    };
    if (this.typing.take(entry, events)) return;
    if (await this.processor.take(entry, events)) return;
    const isNew = await this.add(entry);
    if (!isNew) this.log.debug({ type: webhook.type, key: verified.key }, 'duplicate event');
    else if (ignored === null && conversationId !== null) this.processor.wake(conversationId);
  }

  /** Whether a webhook's address means a provider of ours, which is known before its body is read. @throws {Refusal} `not_found`, `unauthorized` */
  checkAddress(address: Address): void {
    this.addressed(address, (instance, refusal) => this.notes.refusals.note([instance], refusal));
  }

  confirm(address: Address): void {
    const { type, name } = address;
    const addressed = this.addressed(address, (instance, refusal) => this.notes.refusals.note([instance], refusal));
    if (name === undefined && addressed.length === 0)
      throw new Refusal('not_found', `No provider of type ${type} takes webhooks at this address.`);
  }

  /**
   * The accounts that an event of this tenant may be for. None: it is another's, which leaves nothing but a count.
   * @throws {Refusal} `unavailable` while that cannot be told, so that it comes again
   */
  private async eligible(instances: ProviderInstance[], tenant: string | null): Promise<ProviderInstance[]> {
    const found = instances.filter((instance) => acceptsTenant(instance, tenant));
    if (tenant === null) return found;
    const unsure = instances.filter(mustLearnTenant);
    const asked = unsure.map((instance) => this.tenants.learn(instance, tenant));
    // One that is sure of its tenant does not wait for others.
    if (found.length > 0 || unsure.length === 0) return this.counted(found, instances, tenant);
    await Promise.all(asked);
    const known = instances.filter((instance) => acceptsTenant(instance, tenant));
    if (known.length > 0 || !instances.some(mustLearnTenant)) return this.counted(known, instances, tenant);
    this.notes.ignored.count(
      instances.map(({ name }) => name),
      'tenant not confirmed',
      "event refused for now: the contact centre did not confirm its tenant. If it is yours, set the provider's tenant or webhookTenant to it",
      { tenant },
    );
    throw new Refusal('unavailable', 'It is not known yet whether this tenant is ours. Send it again.');
  }

  private counted(found: ProviderInstance[], instances: ProviderInstance[], tenant: string): ProviderInstance[] {
    if (found.length === 0)
      this.notes.ignored.count(
        instances.map(({ name }) => name),
        'another tenant',
        "event ignored: its tenant is none of the providers'. If it is yours, set the provider's webhookTenant to it",
        { tenant },
      );
    return found;
  }

  /** Why an event is kept for the record only; null when it may concern a handover. */
  private whyIgnored(first: ProviderEvent | undefined, eligible: ProviderInstance[]): string | null {
    if (first && (first.type !== 'ignored' || first.conversation !== '')) return null;
    const reason = first?.type === 'ignored' ? first.reason : 'empty';
    this.notes.ignored.count(
      eligible.map(({ name }) => name),
      reason,
      'event ignored',
    );
    return reason;
  }

  /** Whatever keeps an event from being stored, the contact centre must send it again. */
  private async add(entry: InboxEntry): Promise<boolean> {
    try {
      return await this.store.add(entry);
    } catch (error) {
      if (error instanceof Refusal) throw error;
      this.log.warn(
        { type: entry.type, err: (error as Error).message },
        'event not stored; the contact centre is asked to send it again',
      );
      throw new Refusal('unavailable', 'The event could not be stored. Send it again.');
    }
  }

  /** The accounts that a webhook at this path may be for. */
  private addressed(
    { type, name, token }: Address,
    onWrongToken?: (instance: ProviderInstance, refusal: Refusal) => void,
  ): ProviderInstance[] {
    const all = this.registry.ofType(type);
    if (name === undefined) return all.filter(({ session }) => session.webhookToken === null);
    const named = all.find((instance) => instance.name === name);
    if (!named) throw new Refusal('not_found', `There is no provider "${name}" of type ${type}.`);
    const expected = named.session.webhookToken;
    if (expected === null && token !== undefined)
      throw new Refusal('not_found', `Provider "${name}" has no webhookToken; leave it out of the path.`);
    if (expected !== null && !sameSecret(token ?? '', expected)) {
      const refusal = new Refusal('unauthorized', `The path must end with the webhookToken of provider "${name}".`);
      onWrongToken?.(named, refusal);
      throw refusal;
    }
    return [named];
  }
}

/** What a webhook's events belong to: a conversation, and the handover whose id they repeat. */
export function addressOf(events: ProviderEvent[]): { conversationId: string | null; handoverHint: string | null } {
  return {
    conversationId: events[0]?.conversation || null,
    handoverHint: events.find(({ handoverId }) => handoverId)?.handoverId ?? null,
  };
}

/** Verifies once per authority and returns all accounts of those that vouch for the webhook. */
async function verify(
  webhook: Incoming,
  instances: ProviderInstance[],
): Promise<{ verified: VerifiedWebhook; instances: ProviderInstance[] }> {
  // The usual case: one account, or several that share their authority.
  const [only] = instances;
  if (only && instances.every(({ session }) => session.webhookAuthority === only.session.webhookAuthority))
    return { verified: await only.session.verify(webhook), instances };
  const authorities = [...new Set(instances.map(({ session }) => session.webhookAuthority))];
  const groups = authorities.map((authority) =>
    instances.filter(({ session }) => session.webhookAuthority === authority),
  );
  const results = await Promise.allSettled(groups.map(([one]) => one!.session.verify(webhook)));
  const vouched = groups.filter((_, index) => results[index]!.status === 'fulfilled').flat();
  const verified = results.find((result) => result.status === 'fulfilled')?.value;
  if (verified) return { verified, instances: vouched };
  const reasons = results.map((result) => (result as PromiseRejectedResult).reason as unknown);
  const rejections = reasons.filter((reason) => reason instanceof WebhookRejected);
  const unexpected = reasons.find((reason) => !(reason instanceof WebhookRejected));
  if (unexpected) throw unexpected;
  throw (
    rejections.find(({ reason }) => reason === 'unavailable') ??
    rejections[0] ??
    new WebhookRejected('unauthorized', 'No provider of this type takes webhooks at this path.')
  );
}
