import { HANDOVER, handoverId, requestOf, textOf, type Account } from './account.js';
import type { Operation, ProviderHarness } from './harness.js';

export const FILE = Buffer.from('the bytes of a file \u{1f600}\r\n--', 'utf8');

/** Another handover than that of most rules. */
const OTHER = handoverId('another');

/** A file on its way, as the gateway hands it over. */
export function fileOf(bytes: Buffer) {
  return {
    author: 'user' as const,
    filename: 'parcel "1".txt',
    contentType: 'text/plain',
    size: bytes.length,
    content: () => piecesOf(bytes),
  };
}

async function* piecesOf(bytes: Buffer): AsyncGenerator<Uint8Array> {
  yield bytes.subarray(0, 3);
  yield bytes.subarray(3);
}

type Call = (account: Account, conversation: string, harness: ProviderHarness) => Promise<unknown>;

/** The calls that change something at the vendor, as far as the provider has them. */
const COMMANDS: Partial<Record<Operation, Call>> = {
  start: ({ session }, _id, harness) =>
    session.start(requestOf(harness, { handoverId: OTHER, sessionId: 'session-other', userId: 'user-other' })),
  send: ({ session }, id) => session.send(id, textOf('a message')),
  end: ({ session }, id) => session.end(id),
  update: ({ session }, id, harness) => session.update!(id, { request: changed(harness), userChanged: true }),
  reassign: ({ session }, id, harness) =>
    session.reassign!(id, requestOf(harness, { handoverId: OTHER, conversation: id })),
  handBack: ({ session }, id) => session.handBack!(id),
  upload: ({ session }, id) => session.upload!(id, fileOf(FILE)),
  typing: ({ session }, id) => session.typing!(id, 'user'),
  thinking: ({ session }, id) => session.thinking!(id, 5),
  read: ({ session }, id) => session.read!(id, new Date(0)),
};

/** The calls that read back what became of others. */
const QUESTIONS: Partial<Record<Operation, Call>> = {
  findStarted: ({ session }) => session.findStarted!(HANDOVER),
  findSent: ({ session }, id) => session.findSent!(id, textOf('a message'), 0),
  inspect: ({ session }, id) => session.inspect!(id),
  messagesSince: ({ session }, id) => session.messagesSince!(id, null),
};

export function changed(harness: ProviderHarness) {
  return requestOf(harness, { user: { name: 'Maria Neu', email: 'maria@example.com' } });
}

export const commandsOf = (harness: ProviderHarness): [Operation, Call][] => present(harness, COMMANDS);
export const questionsOf = (harness: ProviderHarness): [Operation, Call][] => present(harness, QUESTIONS);

function present(harness: ProviderHarness, calls: Partial<Record<Operation, Call>>): [Operation, Call][] {
  const known: string[] = ['start', 'send', 'end', ...harness.provider().definition.capabilities];
  return (Object.entries(calls) as [Operation, Call][]).filter(([name]) => known.includes(name));
}
