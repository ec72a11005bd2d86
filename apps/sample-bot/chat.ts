import type { Answer } from './gateway.js';

/** An event of the gateway's, as far as this bot looks at it. */
export interface HandoverEvent {
  type: string;
  data: {
    handoverId: string;
    sessionId: string;
    sequence?: number;
    queue?: { id: string; name: string | null };
    agent?: { name: string | null };
    message?: {
      text: string | null;
      author: { type: string };
      cards?: { contentType: string; content: { options?: { title: string }[] } | null }[];
      attachments?: Attachment[];
    };
    error?: { message: string };
    typing?: boolean;
    willClose?: boolean;
  };
}

type Message = NonNullable<HandoverEvent['data']['message']>;

/** A file of a message; `error` says why it could not be had. */
interface Attachment {
  id: string;
  filename: string;
  error?: string;
}

/** One line of the chat. `path` is where its file is, below the gateway's handovers. */
type Entry = { author: string; text: string; path?: string; replies?: string[] };

const REMINDER = 'Are you still there? Please write something.';
const WITH_BOT = 'You are chatting with the bot.';
const FINAL = ['handover.completed', 'handover.cancelled', 'handover.failed'];
const ANSWERS: [RegExp, string][] = [
  [/balance|account|money/i, 'Your balance is 1,234.56 €.'],
  [/hours|open/i, 'We are open Monday to Friday, 9 am to 6 pm.'],
];
/** What an agent sees beside the chat, where the gateway has a page for it. */
const TILES: Record<string, object> = {
  account: {
    kind: 'keyValue',
    title: 'Account',
    entries: [
      { label: 'Balance', value: '1,234.56 €' },
      { label: 'Customer since', value: 'March 2017' },
    ],
  },
  greeting: { kind: 'suggestedReply', title: 'To begin with', text: 'Hello Maria, how can I help you?' },
};
const HELP = 'I know your balance and our opening hours. For anything else write "human" to talk to a person.';

/** What the user is told, as a line of the chat and as its status. */
const NEWS: Record<string, (data: HandoverEvent['data']) => string> = {
  'handover.queued': ({ queue }) => `You are in the queue ${queue?.name ?? queue?.id ?? ''}`.trim() + '.',
  'agent.joined': ({ agent }) => `${agent?.name ?? 'An agent'} has joined.`,
  'handover.transferred': () => 'You are being transferred.',
  'handover.completed': () => 'You are back with the bot.',
  'handover.cancelled': () => 'No agent has joined. You are back with the bot.',
  'handover.failed': ({ error }) => `You are back with the bot. No human could be reached: ${error?.message}`,
  'message.failed': ({ error }) => `Your message was not delivered: ${error?.message}`,
};

/** One browser tab's chat: with the bot or, while a handover is open, with people. `toJSON` is what the page shows. */
export class Chat {
  /** Called after every change. */
  readonly watchers = new Set<() => void>();
  private readonly entries: Entry[] = [{ author: 'bot', text: `Hello! ${HELP}` }];
  private readonly seen = new Map<string, number>();
  private status = WITH_BOT;
  private handoverId: string | null = null;
  private work = Promise.resolve();

  constructor(
    private readonly sessionId: string,
    private readonly call: (path: string, body: object, method?: 'PUT') => Promise<Answer>,
    private readonly upload: (path: string, file: File) => Promise<Answer>,
  ) {}

  toJSON(): object {
    return { entries: this.entries, status: this.status, human: this.handoverId !== null };
  }

  /** The user writes, asks for a human or ends the chat: one after the other, so that each knows what came before. */
  userDoes(action: 'messages' | 'human' | 'end', text: string): void {
    if (action === 'messages') this.add('user', text);
    this.work = this.work.then(async () => {
      const answer = await this.react(action, text);
      if (answer?.problem) this.add('system', `That did not work: ${answer.problem}`);
    });
  }

  /** Worth showing while it is true, and not worth trying again. */
  userTypes(): void {
    if (this.handoverId) void this.call(`/v1/handovers/${this.handoverId}/typing`, { typing: true });
  }

  /** The user sends a file, which is for people only. */
  userSends(file: File): void {
    this.work = this.work.then(async () => {
      const handover = this.handoverId;
      if (!handover) return this.add('system', 'Only a human can look at files. Write "human" to talk to one.');
      const uploaded = await this.upload(`/v1/handovers/${handover}/attachments`, file);
      if (uploaded.problem) return this.add('system', `That did not work: ${uploaded.problem}`);
      this.entries.push({ author: 'user', text: file.name, path: `${handover}/attachments/${uploaded.id}` });
      this.show(this.status);
      const answer = await this.call(`/v1/handovers/${handover}/messages`, { attachments: [{ id: uploaded.id }] });
      if (answer.problem) this.add('system', `That did not work: ${answer.problem}`);
    });
  }

  /** Whether a file was shown in this chat: nobody else's is handed out. */
  hasFile(path: string): boolean {
    return this.entries.some((entry) => entry.path === path);
  }

  /** Takes an event of the gateway's. Delivery is at least once: what came before is dropped. */
  take({ type, data }: HandoverEvent): void {
    const { handoverId, sequence = Infinity, agent, message } = data;
    const known = sequence <= (this.seen.get(handoverId) ?? 0);
    if (known || (this.handoverId && this.handoverId !== handoverId)) return;
    this.handoverId = FINAL.includes(type) ? null : handoverId;
    if (type === 'typing')
      return this.show(`${agent?.name ?? 'The agent'} ${data.typing ? 'is typing …' : 'is here.'}`);
    this.seen.set(handoverId, FINAL.includes(type) ? Infinity : sequence);
    if (type === 'message.created') this.addMessage(handoverId, message!);
    if (type === 'agent.joined') void this.showAgent(handoverId);
    if (type === 'handover.inactive')
      this.add('bot', data.willClose ? `${REMINDER} Otherwise I close this chat.` : REMINDER);
    const news = NEWS[type]?.(data);
    if (news) this.add('system', news, news);
  }

  private async react(action: string, text: string): Promise<Answer | void> {
    const handover = this.handoverId && `/v1/handovers/${this.handoverId}`;
    if (handover && action === 'messages') return this.call(`${handover}/messages`, { text });
    if (handover && action === 'end') return this.call(`${handover}/close`, { reason: 'user' });
    if (handover || action === 'end') return;
    if (action === 'human' || /\b(human|agent|person)s?\b/i.test(text)) return this.handOver();
    this.add('bot', ANSWERS.find(([pattern]) => pattern.test(text))?.[1] ?? HELP);
  }

  private async handOver(): Promise<Answer | void> {
    this.show('Looking for a human …');
    const answer = await this.call('/v1/handovers', {
      sessionId: this.sessionId,
      userId: 'visitor-1',
      user: { name: 'Maria Example', email: 'maria@example.com', properties: { Source: 'Sample bot' } },
      transcript: this.entries
        .filter(({ author }) => author === 'user' || author === 'bot')
        .map(({ author, text }) => ({ author, text }))
        .slice(-200),
    });
    // A refusal may name the handover that this session has open already: that one is taken up again.
    const id = answer.id ?? answer.handoverId;
    // The end of a handover can overtake the answer to its start.
    if (id && this.seen.get(id) !== Infinity) this.handoverId = id;
    this.show(id ? this.status : WITH_BOT);
    return id ? undefined : answer;
  }

  /** A contact centre without such a page refuses them, and nobody misses anything. */
  private async showAgent(handoverId: string): Promise<void> {
    for (const [key, tile] of Object.entries(TILES))
      await this.call(`/v1/handovers/${handoverId}/copilot/tiles/${key}`, tile, 'PUT');
  }

  private addMessage(handoverId: string, message: Message): void {
    const { author, text, attachments = [] } = message;
    const replies = repliesIn(message);
    const files = attachments.map(({ id, filename, error }) =>
      error
        ? { author: author.type, text: `${filename}: ${error}` }
        : { author: author.type, text: filename, path: `${handoverId}/attachments/${id}` },
    );
    const words =
      text === null && !replies ? [] : [{ author: author.type, text: text ?? '', ...(replies ? { replies } : {}) }];
    this.entries.push(...words, ...files);
    this.show(this.status);
  }

  private add(author: string, text: string, status = this.status): void {
    this.entries.push({ author, text });
    this.show(status);
  }

  private show(status: string): void {
    this.status = status;
    for (const changed of this.watchers) changed();
  }
}

/** What the agent offers to answer with. On this page the choice is sent as what the user says. */
function repliesIn({ cards = [] }: NonNullable<HandoverEvent['data']['message']>): string[] | undefined {
  const card = cards.find(({ contentType }) => contentType === 'application/8x8.quick.replies');
  return card?.content?.options?.map(({ title }) => title);
}
