/** What is further away than this waits for the regular poll, in milliseconds. */
const AHEAD_MS = 5_000;
const SLOT_MS = 20;

/** Polls when the next retry is due, and not only at the next regular time; retries that are close to each other share a poll. */
export class PollsSoon {
  private readonly slots = new Map<number, NodeJS.Timeout>();
  private isStopped = false;

  constructor(private readonly poll: () => Promise<void>) {}

  in(delayMs: number): void {
    if (this.isStopped || delayMs > AHEAD_MS) return;
    const slot = Math.ceil((performance.now() + delayMs + 1) / SLOT_MS);
    if (this.slots.has(slot)) return;
    const run = (): void => {
      this.slots.delete(slot);
      void this.poll();
    };
    this.slots.set(slot, setTimeout(run, slot * SLOT_MS - performance.now()));
  }

  stop(): void {
    this.isStopped = true;
    for (const timer of this.slots.values()) clearTimeout(timer);
  }
}
