import { createHash } from 'node:crypto';
import type { ListedMessage } from '#contract';
import type { Attachment, Handover, ProviderInstance } from '#core';
import type { ArrivingFiles } from './arriving-files.js';

/** A little longer than the files of one message may take, in milliseconds. */
const PATIENCE_MS = 25_000;

/** A message that was caught up is in no inbox. Its files are kept under a number below zero, the same whoever fetches them. */
function arrivalOf(handoverId: string, messageId: string): string {
  const hash = createHash('sha256').update(`${handoverId} ${messageId}`).digest();
  return String(-1n - BigInt.asUintN(62, hash.readBigUInt64BE()));
}

/** Fetches the files of messages that were found in the contact centre's list, as those of events are. */
export class CaughtUpFiles {
  constructor(private readonly files: Pick<ArrivingFiles, 'of'>) {}

  /** The files of one message, fetched or failed; null when they could not be settled for now. */
  async of(
    { id: handoverId, bot, conversationId }: Handover,
    provider: ProviderInstance,
    message: ListedMessage,
  ): Promise<Attachment[] | null> {
    const request = {
      inboxId: arrivalOf(handoverId, message.id),
      handoverId,
      bot,
      conversationId: conversationId!,
      provider,
      wanted: message.attachments,
    };
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, PATIENCE_MS)));
    try {
      let wasDone = (): void => undefined;
      const done = new Promise<void>((resolve) => (wasDone = resolve));
      const known = await this.files.of(request, wasDone);
      if (known) return known;
      await Promise.race([done, late]);
      return await this.files.of(request, () => undefined);
    } finally {
      clearTimeout(timer);
    }
  }
}
