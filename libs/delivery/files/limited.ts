/** A file is larger than it may be. */
export class FileTooLarge extends Error {
  constructor(readonly maxBytes: number) {
    super(`the file is larger than ${readableBytes(maxBytes)}`);
    this.name = 'FileTooLarge';
  }
}

/** The same bytes up to a limit. @throws {FileTooLarge} as soon as there are more */
export async function* limited(content: AsyncIterable<Uint8Array>, maxBytes: number): AsyncGenerator<Uint8Array> {
  let size = 0;
  for await (const part of content) {
    size += part.length;
    if (size > maxBytes) throw new FileTooLarge(maxBytes);
    yield part;
  }
}

/** `25 MiB`, `500 KiB`; bytes where it is neither. */
export function readableBytes(bytes: number): string {
  if (bytes % 1_048_576 === 0) return `${bytes / 1_048_576} MiB`;
  return bytes % 1_024 === 0 ? `${bytes / 1_024} KiB` : `${bytes} bytes`;
}
