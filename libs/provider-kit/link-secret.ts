/** The token in a copilot's link, also where JSON escapes more than it must. It ends where an encoded value cannot go on. */
const TOKEN = /(URLToken(?:=|\\u003d))[^\s"<>&\\]+/gi;
const NAME = 'URLToken';
const MASK = '••••';

/** Text of a vendor without the copilot's token: some errors repeat what they refuse. */
export function withoutLinkSecret(text: string): string {
  return text.replace(TOKEN, `$1${MASK}`);
}

/** The same for a webhook, byte for byte otherwise: vendors repeat what they were given, and webhooks are kept as they come. */
export function bytesWithoutLinkSecret(body: Buffer): Buffer {
  if (!body.includes(NAME)) return body;
  const mask = Buffer.from(MASK).toString('latin1');
  return Buffer.from(body.toString('latin1').replace(TOKEN, `$1${mask}`), 'latin1');
}
