/** Called when a handover has new events, or with the body of one that is not stored. */
export type EventListener = (live?: string) => void;

/** Tells live event streams of this process what is new of a handover. */
export class EventHub {
  private readonly listeners = new Map<string, Set<EventListener>>();

  /** Calls `listener` whenever the handover has news; the returned function ends that. */
  subscribe(handoverId: string, listener: EventListener): () => void {
    const set = this.listeners.get(handoverId) ?? new Set();
    this.listeners.set(handoverId, set.add(listener));
    return () => {
      set.delete(listener);
      if (set.size === 0) this.listeners.delete(handoverId);
    };
  }

  notify(handoverId: string, live?: string): void {
    for (const listener of this.listeners.get(handoverId) ?? []) {
      try {
        listener(live);
      } catch {
        // What is told is committed already: one listener's trouble is not that of who committed it, nor of the others.
      }
    }
  }
}
