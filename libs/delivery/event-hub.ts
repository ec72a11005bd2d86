/** Tells live event streams of this process that a handover has new events. */
export class EventHub {
  private readonly listeners = new Map<string, Set<() => void>>();

  /** Calls `listener` whenever the handover has news; the returned function ends that. */
  subscribe(handoverId: string, listener: () => void): () => void {
    const set = this.listeners.get(handoverId) ?? new Set();
    this.listeners.set(handoverId, set.add(listener));
    return () => {
      set.delete(listener);
      if (set.size === 0) this.listeners.delete(handoverId);
    };
  }

  notify(handoverId: string): void {
    for (const listener of this.listeners.get(handoverId) ?? []) listener();
  }
}
