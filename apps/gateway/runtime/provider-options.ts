import { AttachmentsConfig, sizeBytes, type CopilotConfig, type ProviderConfig } from '#config';
import { durationMs } from '#contract';
import type { CopilotOptions, ProviderOptions } from '#core';

type Configured = Pick<
  ProviderConfig,
  'inactivity' | 'waitTimeout' | 'maxDuration' | 'copilot' | 'endpoint' | 'attachments'
>;

/** What a provider entry of the configuration says for any type, as it is stored: without what was left out. */
export function configuredOptions(entry: ProviderConfig): Record<string, unknown> {
  const { inactivity, waitTimeout, maxDuration, copilot, endpoint, attachments } = entry;
  return JSON.parse(JSON.stringify({ inactivity, waitTimeout, maxDuration, copilot, endpoint, attachments })) as Record<
    string,
    unknown
  >;
}

/** The same, ready to be used. */
export function providerOptions(stored: Record<string, unknown>, publicUrl: string): ProviderOptions {
  const { inactivity, waitTimeout, maxDuration, copilot, endpoint, attachments } = stored as Configured;
  const { maxSize, types } = { ...new AttachmentsConfig(), ...attachments };
  const ms = (duration: string | undefined): number | null => (duration === undefined ? null : durationMs(duration));
  return {
    inactivity: inactivity
      ? { timeoutMs: durationMs(inactivity.timeout), reminders: inactivity.reminders, close: inactivity.close }
      : null,
    waitTimeoutMs: ms(waitTimeout),
    maxDurationMs: ms(maxDuration),
    copilot: copilot ? copilotOptions(copilot, publicUrl) : null,
    endpoint: endpoint ? { ...endpoint } : null,
    attachments: { maxBytes: sizeBytes(maxSize), types: types ?? null },
  };
}

function copilotOptions(copilot: CopilotConfig, publicUrl: string): CopilotOptions {
  const { builtIn, urlToken, previousUrlToken, baseUrl = `${publicUrl}/copilot` } = copilot;
  return { baseUrl: baseUrl.replace(/\/+$/, ''), builtIn, urlToken, previousUrlToken: previousUrlToken ?? null };
}
