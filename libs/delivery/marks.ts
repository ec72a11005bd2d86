import type { ProviderLog } from '#contract';
import type { Lane, TakenLane } from '#core';

type Store = (lanes: (Lane & { done: number })[], delivered: string[]) => Promise<Lane[]>;
type Marked = (lane: TakenLane, done: number, isGone: boolean) => void;

const AGAIN_AFTER_MS = 500;

/**
 * Notes in the database how far lanes are done: off the path of delivery, and whatever has gathered while the last note was
 * being written in one go. A note that a crash loses means a repetition, never a loss.
 */
export class Marks {
  private lanes = new Map<TakenLane, number>();
  private arrived: string[] = [];
  private writing: Promise<void> | null = null;
  private isFinishing = false;

  constructor(
    private readonly store: Store,
    private readonly marked: Marked,
    private readonly log: ProviderLog,
  ) {}

  /** The lane is done as far as it reaches; it may go. */
  add(lane: TakenLane): void {
    this.note(lane);
  }

  /** The lane got further. */
  note(lane: TakenLane): void {
    this.lanes.set(lane, lane.done);
    this.write();
  }

  /** A message has arrived in the contact centre. */
  delivered(messageId: string): void {
    this.arrived.push(messageId);
    this.write();
  }

  /** Notes what is left, once. @throws {Error} when the database is away */
  async finish(): Promise<void> {
    this.isFinishing = true;
    await this.writing;
    if (this.lanes.size > 0 || this.arrived.length > 0) await this.flush();
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
        if (!this.isFinishing && (this.lanes.size > 0 || this.arrived.length > 0)) this.write();
      });
  }

  private async flush(): Promise<void> {
    const [lanes, arrived] = [this.lanes, this.arrived];
    this.lanes = new Map();
    this.arrived = [];
    const rows = [...lanes].map(([{ handoverId, direction }, done]) => ({ handoverId, direction, done }));
    try {
      const gone = await this.store(rows, arrived);
      const isGone = new Set(gone.map(({ handoverId, direction }) => `${direction} ${handoverId}`));
      for (const [lane, done] of lanes) this.marked(lane, done, isGone.has(`${lane.direction} ${lane.handoverId}`));
    } catch (error) {
      for (const [lane, done] of lanes) if (!this.lanes.has(lane)) this.lanes.set(lane, done);
      this.arrived = [...arrived, ...this.arrived];
      throw error;
    }
  }
}
