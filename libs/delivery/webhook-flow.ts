/** When each provider's webhooks came last, as far as this replica took them in. */
export class WebhookFlow {
  private readonly heard = new Map<string, number>();

  constructor(private readonly now: () => number = () => performance.now()) {}

  note(providers: string[]): void {
    for (const provider of providers) this.heard.set(provider, this.now());
  }

  /** Whether one came within the last `ms`. */
  isAlive(provider: string, ms: number): boolean {
    const last = this.heard.get(provider);
    return last !== undefined && this.now() - last <= ms;
  }
}
