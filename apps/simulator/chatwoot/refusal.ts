/** An error answer of Chatwoot's. */
export class ChatwootRefusal extends Error {
  constructor(
    readonly status: number,
    readonly body: object,
  ) {
    super(JSON.stringify(body));
  }
}

export const notFound = (): ChatwootRefusal => new ChatwootRefusal(404, { error: 'Resource could not be found' });

/** What a record's validation says. */
export const invalid = (message: string, ...attributes: string[]): ChatwootRefusal =>
  new ChatwootRefusal(422, { message, attributes });

export const unprocessable = (error: string): ChatwootRefusal => new ChatwootRefusal(422, { error });
