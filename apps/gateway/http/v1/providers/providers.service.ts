import { CopilotConfig, webhookUrls, type Environment } from '#config';
import { isPlainObject, maskSecrets } from '#contract';
import { Refusal, type Page, type PageRequest } from '#core';
import type { ProviderAccount } from '#persistence';
import { Injectable } from '@nestjs/common';
import { ConfigService } from '@nestjs/config';
import { Runtime } from '../../../runtime/runtime.js';
import { seenWebhooks } from '../../../runtime/seen-webhooks.js';
import type { ProviderView, TestView } from './providers.dto.js';

const MASK = '••••';

/** The configured accounts, as operators may see and check them. */
@Injectable()
export class ProvidersService {
  constructor(
    private readonly runtime: Runtime,
    private readonly config: ConfigService,
  ) {}

  /** By name. */
  async list({ limit, cursor }: PageRequest): Promise<Page<ProviderView>> {
    const all = (await this.runtime.accountStore.sealedProviders()).sort((a, b) => (a.name < b.name ? -1 : 1));
    const rest = all.filter(({ name }) => cursor === undefined || name > cursor);
    const data = rest.slice(0, limit).map((account) => this.view(account));
    return { data, next: rest.length > limit ? data.at(-1)!.name : null };
  }

  async read(name: string): Promise<ProviderView> {
    const account = (await this.runtime.accountStore.sealedProviders()).find((one) => one.name === name);
    if (!account) throw unknown(name);
    return this.view(account);
  }

  /** Checks the account from end to end. */
  async test(name: string): Promise<TestView> {
    const instance = this.runtime.registry.get(name);
    if (!instance) throw unknown(name);
    const { session, definition, defaults, options, pinnedTenant } = instance;
    if (!session.check)
      throw new Refusal('conflict', 'This type of contact centre has no check.', [], { reason: 'unsupported' });
    const { publicUrl } = this.config.getOrThrow<Environment>('environment');
    const findings = await session.check({
      webhookUrls: webhookUrls(publicUrl, definition.key, name, session.webhookToken),
      defaults,
      hasEndpoint: options.endpoint !== null,
      pinnedTenant,
      seen: await seenWebhooks(this.runtime, name),
    });
    return { ok: findings.every(({ level }) => level !== 'error'), findings };
  }

  private view({
    name,
    type,
    settings,
    defaults,
    options,
    enabled,
    provisioned,
    pinnedTenant,
  }: ProviderAccount): ProviderView {
    const definition = this.runtime.registry.definitions.find(({ key }) => key === type);
    // Of a type that is not loaded nobody knows which settings are secret.
    const masked = definition
      ? maskSecrets(definition.settings, settings)
      : Object.fromEntries(Object.keys(settings).map((setting) => [setting, MASK]));
    const { copilot } = options;
    return {
      name,
      type,
      settings: masked,
      defaults,
      options: isPlainObject(copilot) ? { ...options, copilot: maskSecrets(CopilotConfig, copilot) } : options,
      enabled,
      provisioned,
      pinnedTenant,
      ignoredEvents: this.runtime.ignored
        .of(name)
        .map(({ lastAt, ...counted }) => ({ ...counted, lastAt: new Date(lastAt).toISOString() })),
    };
  }
}

function unknown(name: string): Refusal {
  return new Refusal('not_found', `There is no provider "${name}".`);
}
