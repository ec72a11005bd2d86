import { timingSafeEqual } from 'node:crypto';
import type { ProviderDefinition, ProviderSession, StartRequest } from '#contract';
import { toldOf } from './conversation.js';
import { copilotUrl } from './copilot.js';
import { Refusal } from './errors.js';
import type { Handover } from './handover.js';
import type { ProviderOptions } from './provider-options.js';

/** One configured account, ready to use. */
export interface ProviderInstance {
  name: string;
  definition: ProviderDefinition;
  session: ProviderSession;
  defaults: object;
  options: ProviderOptions;
  /** False once it was taken out of the configuration: no new handovers, open ones go on. */
  enabled: boolean;
  /** The tenant that the contact centre confirmed, where the settings name none. */
  pinnedTenant: string | null;
}

/** All configured accounts by name. */
export class ProviderRegistry {
  private readonly instances = new Map<string, ProviderInstance>();

  constructor(
    readonly definitions: ProviderDefinition[],
    instances: ProviderInstance[],
  ) {
    for (const instance of instances) this.instances.set(instance.name, instance);
  }

  get(name: string): ProviderInstance | undefined {
    return this.instances.get(name);
  }

  /** Names of all accounts. */
  names(): string[] {
    return [...this.instances.keys()];
  }

  ofType(type: string): ProviderInstance[] {
    return [...this.instances.values()].filter(({ definition }) => definition.key === type);
  }

  /**
   * The provider a new handover goes to.
   * @param allowed the only ones that its bot may use, null for all; any other is treated as if it were not there
   * @throws {Refusal} `invalid` naming the field and what is there to choose from
   */
  choose(name: string | undefined, allowed: readonly string[] | null): ProviderInstance {
    const usable = [...this.instances.values()].filter((one) => allowed?.includes(one.name) ?? true);
    const enabled = usable.filter((instance) => instance.enabled);
    if (name === undefined) {
      if (enabled.length === 1) return enabled[0]!;
      const detail =
        enabled.length === 0
          ? 'no provider is configured'
          : 'is missing, and there is more than one provider to choose from';
      throw new Refusal('invalid', 'The request names no provider.', [{ pointer: '/provider', detail }]);
    }
    const chosen = usable.find((one) => one.name === name);
    if (chosen?.enabled) return chosen;
    const detail = chosen
      ? 'is disabled: it takes no new handovers'
      : `is not a configured provider; known: ${enabled.map((one) => one.name).join(', ') || 'none'}`;
    throw new Refusal('invalid', 'The request names a provider that cannot be used.', [
      { pointer: '/provider', detail },
    ]);
  }
}

type Held = Pick<ProviderInstance, 'session' | 'pinnedTenant'>;

/** The tenant that the account is held to; null while it is not known. */
export function tenantOf({ session, pinnedTenant }: Held): string | null {
  return session.tenant ?? pinnedTenant;
}

/** Whether only the contact centre can tell if events of tenants are the account's. With a token the webhook's path tells. */
export function mustLearnTenant(instance: Held): boolean {
  return tenantOf(instance) === null && (instance.session.webhookToken ?? null) === null;
}

/** Whether an event of this tenant may concern the account. An event without a tenant comes only where verification is off. */
export function acceptsTenant(instance: Held, tenant: string | null): boolean {
  if (tenant === null) return true;
  const expected = tenantOf(instance);
  return expected === null ? !mustLearnTenant(instance) : expected === tenant;
}

/** Whether an event is the account's beyond doubt: it came to it, and from its tenant. */
export function isSettledFor(
  instance: ProviderInstance,
  event: { providers: string[]; tenant: string | null },
): boolean {
  return event.providers.includes(instance.name) && acceptsTenant(instance, event.tenant);
}

/** Compares secrets without telling by the time it takes how much of them was right. */
export function sameSecret(given: string, expected: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(expected)];
  return a.length === b.length && timingSafeEqual(a, b);
}

/** A handover in the form in which a provider opens a conversation for it, or hands over the one it has. */
export function startRequestOf(
  handover: Pick<Handover, 'id' | 'sessionId' | 'userId' | 'user' | 'settings' | 'conversationId' | 'incoming'>,
  { defaults, options }: Pick<ProviderInstance, 'defaults' | 'options'>,
  transcript: StartRequest['transcript'],
): StartRequest {
  const { id, sessionId, userId, settings, conversationId, incoming } = handover;
  const user = toldOf(handover);
  const link = copilotUrl(options.copilot, handover);
  const given = { handoverId: id, sessionId, userId, user, transcript, copilotUrl: link, defaults, settings };
  return incoming && conversationId !== null ? { ...given, conversation: conversationId } : given;
}
