import { WebhookRejected, type SeenWebhooks } from '#contract';
import { Refusal, type ProviderInstance } from '#core';

type Refused = SeenWebhooks['refused'][number];

/** Per account; what is older than `KEPT_MS` is of no interest any more. */
const MAX_KEPT = 100;
const KEPT_MS = 3_600_000;

/** Webhooks that this replica refused lately, so that whoever looks for the reason sees them. Nothing of their content is kept. */
export class WebhookRefusals {
  private readonly byProvider = new Map<string, Refused[]>();

  constructor(private readonly now: () => number) {}

  /** Notes it for every account that the webhook was addressed to. */
  note(addressed: ProviderInstance[], error: unknown): void {
    if (!(error instanceof WebhookRejected || error instanceof Refusal)) return;
    const flaw = error instanceof WebhookRejected ? error.flaw : null;
    const refused = { at: this.now(), flaw, message: error.message };
    for (const { name } of addressed) {
      const kept = this.byProvider.get(name) ?? [];
      kept.push(refused);
      if (kept.length > MAX_KEPT) kept.shift();
      this.byProvider.set(name, kept);
    }
  }

  /** Oldest first. */
  of(provider: string): Refused[] {
    return (this.byProvider.get(provider) ?? []).filter(({ at }) => at > this.now() - KEPT_MS);
  }
}
