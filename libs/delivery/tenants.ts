import type { ProviderLog } from '#contract';
import { acceptsTenant, mustLearnTenant, tenantOf, type ProviderInstance } from '#core';

/** Holds an account to a tenant, once for all replicas. Resolves to the one it is held to, which another replica may have found before. */
export type PinTenant = (provider: string, tenant: string) => Promise<string>;

/** How long an answer that brought nothing holds, in milliseconds: a no, and no answer. */
const REFUSED_MS = 60_000;
const UNANSWERED_MS = 5_000;
/** Questions to one account's contact centre in a window of milliseconds, and answers remembered of it. */
const WINDOW_MS = 10_000;
const QUESTIONS_PER_WINDOW = 20;
const MAX_ANSWERS = 1_000;
/** What somebody who waits for an answer waits at the most, in milliseconds. */
const PATIENCE_MS = 5_000;

/** What is remembered of an account whose tenant is not known. */
interface Quest {
  /** Until when a tenant is not asked about again. */
  answers: Map<string, number>;
  running: Map<string, Promise<void>>;
  window: { since: number; questions: number };
}

/**
 * Finds out the tenants of accounts whose settings name none. An event only says what to ask about: whether it is the account's tenant
 * the contact centre says, to a call with the account's own credentials. What was confirmed stays until an operator changes the settings.
 */
export class Tenants {
  private readonly quests = new Map<string, Quest>();

  constructor(
    private readonly pin: PinTenant,
    /** Milliseconds of a clock that only goes forward. */
    private readonly now: () => number,
    private readonly log: ProviderLog,
  ) {}

  /** At a start: says which accounts do not know their tenant, and asks whether it is one that another account of the type has. */
  start(instances: ProviderInstance[]): void {
    for (const instance of instances.filter(({ session }) => session.tenant === null)) {
      if (!mustLearnTenant(instance)) continue;
      if (!instance.session.ownsTenant) continue;
      this.log.warn(
        { provider: instance.name },
        'the settings name no tenant: events wait until the contact centre has confirmed theirs. Set the tenant (or a webhookToken)',
      );
      const siblings = instances.filter(({ definition }) => definition.key === instance.definition.key);
      const known = new Set(siblings.flatMap((one) => tenantOf(one) ?? []));
      for (const tenant of known) void this.learn(instance, tenant);
    }
  }

  /** Whether an event of this tenant may concern the account, once it was asked about. False while that is not known, too. */
  async learn(instance: ProviderInstance, tenant: string): Promise<boolean> {
    if (mustLearnTenant(instance)) await this.ask(instance, tenant);
    return acceptsTenant(instance, tenant);
  }

  private async ask(instance: ProviderInstance, tenant: string): Promise<void> {
    const quest = this.questOf(instance.name);
    const running = quest.running.get(tenant);
    if (running) return withinPatience(running);
    const now = this.now();
    if (!instance.session.ownsTenant || (quest.answers.get(tenant) ?? -Infinity) > now) return;
    if (now >= quest.window.since + WINDOW_MS) quest.window = { since: now, questions: 0 };
    if (quest.window.questions >= QUESTIONS_PER_WINDOW) return;
    quest.window.questions += 1;
    const started = this.find(instance, tenant, quest).finally(() => quest.running.delete(tenant));
    quest.running.set(tenant, started);
    return withinPatience(started);
  }

  private async find(instance: ProviderInstance, tenant: string, { answers }: Quest): Promise<void> {
    const { name: provider, session } = instance;
    let isOwn: boolean | null = null;
    try {
      isOwn = await session.ownsTenant!(tenant);
      if (isOwn) {
        instance.pinnedTenant = await this.pin(provider, tenant);
        this.quests.delete(provider);
        this.log.info({ provider, tenant: instance.pinnedTenant }, 'the contact centre confirmed the tenant');
        return;
      }
    } catch (error) {
      this.log.warn({ provider, tenant, err: (error as Error).message }, 'the tenant could not be asked about');
    }
    answers.delete(tenant);
    answers.set(tenant, this.now() + (isOwn === false ? REFUSED_MS : UNANSWERED_MS));
    if (answers.size > MAX_ANSWERS) answers.delete(answers.keys().next().value!);
  }

  private questOf(provider: string): Quest {
    const known = this.quests.get(provider);
    if (known) return known;
    const quest: Quest = { answers: new Map(), running: new Map(), window: { since: -Infinity, questions: 0 } };
    this.quests.set(provider, quest);
    return quest;
  }
}

/** Whoever waits goes on after a while; the question does too. */
async function withinPatience(answer: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<void>((resolve) => (timer = setTimeout(resolve, PATIENCE_MS).unref()));
  await Promise.race([answer, patience]);
  clearTimeout(timer);
}
