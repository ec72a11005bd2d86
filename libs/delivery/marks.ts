import type { ProviderLog } from '#contract';
import type { Lane, TakenLane } from '#core';

/** Resolves to the lanes that are empty and gone. */
type Store = (lanes: (Lane & { done: number })[], delivered: string[]) => Promise<Lane[]>;

interface Note {
  done: number;
  told: ((isGone: boolean) => void)[];
}

const AGAIN_AFTER_MS = 500;

/** Notes in the database how far lanes are done: whatever has gathered while the last note was being written goes together. */
export class Marks {
  private notes = new Map<TakenLane, Note>();
  private arrived: string[] = [];
  private writing: Promise<void> | null = null;
  private isFinishing = false;

  constructor(
    private readonly store: Store,
    private readonly log: ProviderLog,
  ) {}

  /**
   * Notes how far the lane is done, and a message that arrived in the contact centre. Resolves once that is in the database, with
   * whether the lane is empty and gone; while the database is away it waits.
   */
  note(lane: TakenLane, delivered?: string): Promise<boolean> {
    if (delivered !== undefined) this.arrived.push(delivered);
    return new Promise((resolve) => {
      const told = this.notes.get(lane)?.told ?? [];
      this.notes.set(lane, { done: lane.done, told: [...told, resolve] });
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
      const rows = [...notes].map(([{ handoverId, direction }, { done }]) => ({ handoverId, direction, done }));
      const gone = new Set((await this.store(rows, arrived)).map(({ handoverId }) => handoverId));
      for (const [lane, { told }] of notes) for (const tell of told) tell(gone.has(lane.handoverId));
    } catch (error) {
      this.takeBack(notes);
      this.arrived = [...arrived, ...this.arrived];
      throw error;
    }
  }

  private takeBack(notes: Map<TakenLane, Note>): void {
    for (const [lane, { done, told }] of notes) {
      const newer = this.notes.get(lane);
      this.notes.set(lane, { done: newer?.done ?? done, told: [...told, ...(newer?.told ?? [])] });
    }
  }
}
