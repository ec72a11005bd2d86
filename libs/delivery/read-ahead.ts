import { Budget, roughSize, type Handover, type LogItem, type Owner, type TakenLane } from '#core';

/** Items of one lane that are read, or kept in memory, at a time. */
export const READ_AHEAD = 16;
/** What they may take together, in bytes; a larger item stays in the database until its turn. */
export const READ_AHEAD_BYTES = 65_536;
/** What all lanes may keep in memory beside the items under way, and those of one bot, in bytes. */
const BYTES = { total: 64 * 1_048_576, share: 16 * 1_048_576, floor: 1_048_576 };

/** A lane as far as its items in memory are concerned. */
export interface Reader {
  lane: Pick<TakenLane, 'done'>;
  /** Whose share of the memory its items count in. */
  share: { owner: Owner };
  items: LogItem[];
  bytes: number;
  isHeavy: boolean;
}

/** What is kept in memory of the lanes in hand: limited in bytes, with a share for each bot. What finds no room is read in its turn. */
export class ReadAhead {
  private readonly budget = new Budget('read-ahead bytes', BYTES);

  /** Bytes kept for all lanes. */
  get total(): number {
    return this.budget.total;
  }

  /** Keeps an item that was just committed, if it is the next one and there is room. */
  add(held: Reader, item: LogItem): void {
    const { lane, items, share } = held;
    if (item.sequence !== (items.at(-1)?.sequence ?? lane.done) + 1 || items.length >= READ_AHEAD) return;
    const isFirst = items.length === 0;
    const size = sizeOf(item);
    if (size > READ_AHEAD_BYTES) {
      if (isFirst) held.isHeavy = true;
      return;
    }
    if (held.bytes + size > READ_AHEAD_BYTES || !this.budget.take(share.owner, size)) return;
    held.bytes += size;
    items.push(item);
    if (isFirst) held.isHeavy = hasFiles(item);
  }

  /** Keeps what was read. The first one is about to be worked on, so it is kept in any case. */
  fill(held: Reader, items: LogItem[]): void {
    this.clear(held);
    const [first, ...others] = items;
    held.isHeavy = first !== undefined && isHeavy(first);
    if (first) held.items.push(first);
    for (const item of others) {
      const size = sizeOf(item);
      if (held.bytes + size > READ_AHEAD_BYTES || !this.budget.take(held.share.owner, size)) return;
      held.bytes += size;
      held.items.push(item);
    }
  }

  /** The first one is done. Those behind it were all found small enough to be kept. */
  shift(held: Reader): void {
    held.items.shift();
    held.isHeavy = held.items[0] !== undefined && hasFiles(held.items[0]);
    if (held.items.length === 0) this.free(held);
  }

  clear(held: Reader): void {
    held.items = [];
    this.free(held);
  }

  private free(held: Reader): void {
    if (held.bytes > 0) this.budget.free(held.share.owner, held.bytes);
    held.bytes = 0;
  }
}

function isHeavy(item: LogItem): boolean {
  return hasFiles(item) || sizeOf(item) > READ_AHEAD_BYTES;
}

function hasFiles(item: LogItem): boolean {
  return item.kind !== 'event' && (item.message?.attachments.length ?? 0) > 0 && (item.payload?.part ?? 1) === 1;
}

/** About how many bytes it takes in memory. */
function sizeOf(item: LogItem): number {
  if (item.kind === 'event') return item.body.length;
  const { handover, ...own } = item;
  return roughSize(own, READ_AHEAD_BYTES) + sizeOfHandover(handover);
}

/** One handover comes with many commands. */
const handoverSizes = new WeakMap<Handover, number>();

function sizeOfHandover(handover: Handover): number {
  const known = handoverSizes.get(handover);
  if (known !== undefined) return known;
  const size = roughSize(handover, READ_AHEAD_BYTES);
  handoverSizes.set(handover, size);
  return size;
}
