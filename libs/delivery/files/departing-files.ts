import { ProviderError, type OutboundMessage } from '#contract';
import type { AttachmentStore, CarriedFile, Message, ProviderInstance } from '#core';

/** Brings the files of bots' messages to the contact centre. */
export class DepartingFiles {
  constructor(private readonly store: AttachmentStore) {}

  /**
   * Resolves to the files as the message names them there, or to null when some had to be brought there first: that takes its time, so
   * whoever sends the message should make sure that it is still theirs to send.
   * @throws {ProviderError} when a file could not be brought there
   */
  async of(
    message: Message,
    conversation: string,
    provider: ProviderInstance,
  ): Promise<OutboundMessage['attachments'] | null> {
    if (message.attachments.length === 0) return [];
    const ids = message.attachments.map(({ id }) => id);
    const files = await this.store.carried(message.id, ids);
    if (files.length < ids.length)
      throw new ProviderError(
        'invalid',
        'A file of the message is no longer kept. Upload it again and send a new message.',
      );
    const missing = files.filter(({ remoteId }) => remoteId === null);
    for (const file of missing) await this.bring(file, message, conversation, provider);
    return missing.length > 0 ? null : files.map(({ remoteId, filename }) => ({ id: remoteId!, filename }));
  }

  private async bring(
    file: CarriedFile,
    message: Message,
    conversation: string,
    { session }: ProviderInstance,
  ): Promise<void> {
    if (!session.upload) throw new ProviderError('unsupported', 'This contact centre takes no files.');
    const { id, filename, contentType, size } = file;
    const author = message.author.type === 'bot' ? 'bot' : 'user';
    const content = (): AsyncIterable<Uint8Array> => this.store.read(id);
    try {
      const remoteId = await session.upload(conversation, { author, filename, contentType, size, content });
      await this.store.noteRemote(id, message.id, remoteId);
    } catch (error) {
      if (!(error instanceof ProviderError) || error.code !== 'unknown_outcome') throw error;
      // No message names it yet, so there is nothing to look up before it is brought again.
      throw new ProviderError('unreachable', error.message, error.retryAfterMs);
    }
  }
}
