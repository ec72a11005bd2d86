import type { ProviderLog } from '#contract';
import type { DeliveredMessage, Lane, MarkedLane, TakenLane } from '#core';

/** Resolves to those lanes that were still ours. */
type Store = (lanes: (Lane & { done: number })[], delivered: DeliveredMessage[]) => Promise<MarkedLane[]>;
/** How the lane stands now; null when it is another's, or the database does not know that it got so far. */
type Standing = MarkedLane | null;

interface Note {
  done: number;
  told: ((standing: Standing) => void)[];
}

const AGAIN_AFTER_MS = 500;

/** Notes in the database how far lanes are done: whatever has gathered while the last note was being written goes together. */
export class Marks {
  /** By handover: all are of one direction. */
  private notes = new Map<string, Note>();
  private arrived: DeliveredMessage[] = [];
  private writing: Promise<void> | null = null;
  private isFinishing = false;

  constructor(
    private readonly direction: Lane['direction'],
    private readonly store: Store,
    private readonly log: ProviderLog,
  ) {}

  /**
   * Notes how far the lane is done, and a message that arrived in the contact centre. Resolves once that is in the database, with how
   * the lane stands there, whether it still is ours above all; while the database is away it waits.
   */
  note({ handoverId, done }: TakenLane, delivered?: string): Promise<Standing> {
    if (delivered !== undefined) this.arrived.push({ handoverId, id: delivered });
    return new Promise((resolve) => {
      this.add(handoverId, { done, told: [resolve] });
      this.write();
    });
  }

  /** Notes what is left, once. @throws {Error} when the database is away */
  async finish(): Promise<void> {
    this.isFinishing = true;
    await this.writing;
    if (this.notes.size > 0) await this.flush();
  }

  private write(): void {
    this.writing ??= new Promise<void>((resolve) => setImmediate(resolve))
      .then(() => this.flush())
      .catch(async (error: Error) => {
        this.log.warn({ err: error.message }, 'the database did not note what was delivered; noted again in a moment');
        await new Promise((resolve) => setTimeout(resolve, AGAIN_AFTER_MS));
      })
      .finally(() => {
        this.writing = null;
        if (!this.isFinishing && this.notes.size > 0) this.write();
      });
  }

  private async flush(): Promise<void> {
    const [notes, arrived] = [this.notes, this.arrived];
    this.notes = new Map();
    this.arrived = [];
    try {
      const rows = [...notes].map(([handoverId, { done }]) => ({ handoverId, direction: this.direction, done }));
      const ours = new Map((await this.store(rows, arrived)).map((lane) => [lane.handoverId, lane]));
      for (const [handoverId, { told }] of notes) for (const tell of told) tell(ours.get(handoverId) ?? null);
    } catch (error) {
      for (const [handoverId, note] of notes) this.add(handoverId, note);
      this.arrived = [...arrived, ...this.arrived];
      throw error;
    }
  }

  private add(handoverId: string, { done, told }: Note): void {
    const known = this.notes.get(handoverId);
    this.notes.set(
      handoverId,
      known ? { done: Math.max(known.done, done), told: [...known.told, ...told] } : { done, told },
    );
  }
}
