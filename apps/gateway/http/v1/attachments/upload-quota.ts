import { Refusal } from '#core';
import { readableBytes } from '#delivery';

const MIB = 1_048_576;
/** Bytes of files that no message names yet: of one bot, and of all. They are removed after a day. */
const LIMITS = { share: 256 * MIB, total: 2_048 * MIB };
/** How long the database's numbers are taken for true, in milliseconds; what is uploaded here meanwhile is added. */
const KNOWN_FOR_MS = 2_000;
/** A refusal looks again, but not more often than this: a message may have named the files just now. */
const LOOK_AGAIN_AFTER_MS = 200;

/** Keeps a bot from filling the database with files that nobody gets. */
export class UploadQuota {
  private known = new Map<string, number>();
  private knownAt = -Infinity;
  private looking: Promise<void> | null = null;

  /** @param unnamed bytes by bot, as the database has them */
  constructor(
    private readonly unnamed: () => Promise<Map<string, number>>,
    private readonly limits = LIMITS,
    private readonly now: () => number = () => performance.now(),
  ) {}

  /** Passes a file's bytes on while the bot's share lasts. @throws {Refusal} `over_budget`, `unavailable` */
  async *counted(bot: string, content: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    await this.check(bot, 1);
    for await (const part of content) {
      await this.check(bot, part.length);
      this.known.set(bot, (this.known.get(bot) ?? 0) + part.length);
      yield part;
    }
  }

  private async check(bot: string, size: number): Promise<void> {
    if (this.now() - this.knownAt > KNOWN_FOR_MS) await this.look();
    if (this.refusal(bot, size) && this.now() - this.knownAt > LOOK_AGAIN_AFTER_MS) await this.look();
    const refusal = this.refusal(bot, size);
    if (refusal) throw refusal;
  }

  private look(): Promise<void> {
    this.looking ??= this.unnamed()
      .then((known) => {
        this.known = known;
        this.knownAt = this.now();
      })
      .finally(() => (this.looking = null));
    return this.looking;
  }

  private refusal(bot: string, size: number): Refusal | null {
    const members = { budget: 'files without a message', owner: `bot:${bot}` };
    const { share, total } = this.limits;
    if ((this.known.get(bot) ?? 0) + size > share)
      return new Refusal(
        'over_budget',
        `bot:${bot} has ${readableBytes(share)} of files that no message names. Send messages with them; what is not named is removed after a day.`,
        [],
        members,
      );
    const all = [...this.known.values()].reduce((sum, one) => sum + one, size);
    if (all <= total) return null;
    return new Refusal(
      'unavailable',
      'The gateway keeps too many files that no message names. Try again later.',
      [],
      members,
    );
  }
}
