import type { ProviderEvent } from '#contract';
import { isConversation, isFinal, type Handover } from '#core';

/** Looks for what was said before an end. Resolves within a few seconds, whatever came of it. */
export type LastLook = (handoverId: string) => Promise<void>;

/** After this long a look that nobody asked for again is forgotten: another replica has applied the end. Milliseconds. */
const FORGET_MS = 60_000;

/**
 * Holds reports of an end back until what was said before has been looked for, since nothing is told to a bot after it. They wait in
 * the inbox meanwhile, and with them what came later.
 */
export class LastLooks {
  /** By handover; `doneAt` is null while it is under way. */
  private readonly looks = new Map<string, { doneAt: number | null }>();

  constructor(
    private readonly look: LastLook,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /**
   * True while these events of a handover have to wait; `goOn` is called when they need not any more. A conversation that a bot has
   * waits for nothing: nobody of the contact centre is in it.
   */
  mustWait(handover: Handover, events: ProviderEvent[], goOn: () => void): boolean {
    if (isFinal(handover) || isConversation(handover) || handover.closing !== null) return false;
    if (!events.some(isEnd)) return false;
    const known = this.looks.get(handover.id);
    if (known) {
      if (known.doneAt !== null) this.looks.delete(handover.id);
      return known.doneAt === null;
    }
    this.forgetOld();
    const begun = { doneAt: null as number | null };
    this.looks.set(handover.id, begun);
    const done = (): void => {
      begun.doneAt = this.now();
      goOn();
    };
    void this.look(handover.id).then(done, done);
    return true;
  }

  private forgetOld(): void {
    for (const [id, { doneAt }] of this.looks)
      if (doneAt !== null && this.now() - doneAt > FORGET_MS) this.looks.delete(id);
  }
}

function isEnd({ type }: ProviderEvent): boolean {
  return type === 'idle' || type === 'user.left';
}
