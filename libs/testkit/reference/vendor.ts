import { FakeHttp, type Answer, type Call, type Route } from '../fake-http.js';
import type { Body, FakeVendor, Signing, VendorConversation } from '../harness.js';
import { signatureOf } from './mapping.js';

interface Chat {
  id: string;
  ref: string;
  open: boolean;
  comesBack: boolean;
  user: object;
  transcript: object[];
  link: unknown;
  queue: string | null;
  agents: object[];
  messages: {
    id: string;
    from: string;
    text: string;
    files: string[];
    at: number;
    agent?: object;
    shared?: object[];
  }[];
  signals: VendorConversation['signals'];
}

type Message = Chat['messages'][number];
type Said = Pick<Message, 'from' | 'text' | 'files' | 'agent' | 'shared'>;

/** Of one message. */
const MAX_TEXT = 1_000;
/** Of what was said before a chat, in entries. */
const MAX_TRANSCRIPT = 100;

/** Parley, with one account. */
export class FakeParley implements FakeVendor {
  private readonly chats = new Map<string, Chat>();
  private readonly files = new Map<string, Buffer>();
  private count = 0;
  private readonly free = new Map<string, number>();

  constructor(
    private readonly of: { account: string; apiKey: string; signingKey: string },
    private readonly other: { account: string },
  ) {}

  readonly routes: Route[] = [
    { method: 'POST', path: '/chats', does: ['start'], answer: (call) => this.open(call) },
    {
      method: 'GET',
      path: '/chats',
      does: ['findStarted'],
      answer: (call) =>
        this.allowed(call, () => {
          const found = [...this.chats.values()].filter(({ ref }) => ref === call.query.get('ref'));
          return { status: 200, body: { chats: found.map(({ id }) => ({ id })) } };
        }),
    },
    {
      method: 'GET',
      path: '/chats/:id',
      does: ['inspect'],
      answer: (call) => this.at(call, ({ open, agents, ref }) => ({ status: 200, body: { open, agents, ref } })),
    },
    {
      method: 'PATCH',
      path: '/chats/:id',
      does: ['update', 'reassign'],
      answer: (call) => this.at(call, (chat) => this.done(Object.assign(chat, call.json))),
    },
    {
      method: 'POST',
      path: '/chats/:id/return',
      does: ['handBack'],
      answer: (call) => this.at(call, (chat) => this.done((chat.comesBack = true))),
    },
    {
      method: 'POST',
      path: '/chats/:id/messages',
      does: ['send'],
      answer: (call) => this.at(call, (chat) => this.take(chat, call.json as Said)),
    },
    {
      method: 'GET',
      path: '/chats/:id/messages',
      does: ['findSent', 'messagesSince'],
      answer: (call) => this.at(call, ({ messages }) => ({ status: 200, body: { messages } })),
    },
    {
      method: 'POST',
      path: '/chats/:id/close',
      does: ['end'],
      answer: (call) => this.at(call, (chat) => (chat.open ? this.done((chat.open = false)) : { status: 404 })),
    },
    {
      method: 'POST',
      path: '/chats/:id/files',
      does: ['upload'],
      answer: (call) => this.at(call, () => ({ status: 201, body: { id: this.keep(call.raw) } })),
    },
    {
      method: 'GET',
      path: '/files/:id',
      does: ['download'],
      answer: (call) => this.allowed(call, () => ({ status: 200, body: this.files.get(call.params.id!) })),
    },
    ...(['typing', 'thinking', 'read'] as const).map((name) => ({
      method: 'POST',
      path: `/chats/:id/${name}`,
      does: [name],
      answer: (call: Call) => this.at(call, ({ signals }) => this.done(signals.push(name))),
    })),
    { method: 'GET', path: '/account', answer: (call) => this.allowed(call, () => this.done()) },
    {
      method: 'GET',
      path: '/queues',
      does: ['availability'],
      answer: (call) =>
        this.allowed(call, () => {
          const free = (id: string | number): number => this.free.get(String(id)) ?? 0;
          const queues = ['main', 12].map((id) => ({ id, open: true, waiting: 0, free: free(id) }));
          return { status: 200, body: { queues } };
        }),
    },
  ];
  readonly http = new FakeHttp(this.routes);

  conversations(): VendorConversation[] {
    return [...this.chats.values()].map(({ id, ref, open, user, transcript, link, queue, messages, signals }) => ({
      id: this.idOf(id),
      isOpen: open,
      shown: JSON.stringify([ref, user, transcript, link]),
      queue,
      signals,
      messages: messages
        .filter(({ from }) => from !== 'agent')
        .map(({ from, text, files }) => ({
          author: from as 'user' | 'bot',
          text,
          files: files.map((file) => this.files.get(file)!),
        })),
    }));
  }

  sign(body: Buffer, { at, by }: Signing) {
    const key = { account: this.of.signingKey, stranger: 'made up', 'another account': this.of.signingKey }[by];
    // Parley has one key for all accounts of a customer.
    const told =
      by === 'another account' ? Buffer.from(body.toString().replace(this.of.account, this.other.account)) : body;
    const headers = { 'x-parley-time': String(at), 'x-parley-signature': signatureOf(String(at), told, key) };
    return { headers, body: told };
  }

  eventsOf(id: string): Body[] {
    const { id: chat, ref, queue, messages } = this.chat(id);
    const about = { id: `event-of-${chat}`, account: this.of.account, chat, ref, at: 0 };
    const said = messages.filter(({ from }) => from === 'agent').slice(-1);
    return [
      { ...about, type: 'queued', queue },

      ...said.map(({ id: message, from, agent, text, shared }) => ({
        ...about,
        id: `event-of-${message}`,
        type: 'message',
        message,
        from,
        agent,
        text,
        files: shared,
      })),
    ];
  }

  agentJoins(id: string, agent: string): void {
    this.chat(id).agents.push({ id: agent, name: 'Ann' });
  }

  ownJoins(id: string): void {
    this.chat(id).agents.push({ id: 1, name: 'Handover', app: true });
  }

  staff(queue: string, agents: number): void {
    this.free.clear();
    this.free.set(queue, agents);
  }

  agentSays(id: string, text: string, at: number, files: string[] = []): void {
    const shared = files.map((name) => ({ id: ++this.count, name }));
    const from = { from: 'agent', agent: { id: 17, name: 'Ann' }, text, files: [], shared };
    this.chat(id).messages.push({ ...this.message(from), at });
  }

  agentEnds(id: string): void {
    this.chat(id).open = false;
  }

  forget(id: string): void {
    this.chats.delete(this.chat(id).id);
  }

  visitorBegins(): string {
    return this.idOf(this.begin({ ref: '', user: { name: 'Visitor' }, transcript: [], link: null, queue: null }));
  }

  comesBack(id: string): boolean {
    return this.chat(id).comesBack;
  }

  agentSends(_id: string, content: Buffer) {
    return { id: this.keep(content), filename: 'a.txt', contentType: null };
  }

  private open(call: Call): Answer {
    return this.allowed(call, () => {
      const { ref, user, transcript, link, queue } = call.json as Chat;
      if (transcript.length > MAX_TRANSCRIPT) return { status: 413, body: {} };
      return { status: 201, body: { id: this.begin({ ref, user, transcript, link, queue }) } };
    });
  }

  private begin(chat: Pick<Chat, 'ref' | 'user' | 'transcript' | 'link' | 'queue'>): string {
    const id = String(++this.count);
    this.chats.set(id, { id, ...chat, agents: [], messages: [], signals: [], open: true, comesBack: false });
    return id;
  }

  private take({ messages }: Chat, said: Said): Answer {
    return said.text.length > MAX_TEXT ? { status: 413, body: {} } : this.done(messages.push(this.message(said)));
  }

  /** As the provider tells it apart from those of other accounts. */
  private idOf(chat: string): string {
    return `${this.of.account}/${chat}`;
  }

  private chat(id: string): Chat {
    return this.chats.get(id.slice(id.indexOf('/') + 1))!;
  }

  private message(said: Said): Message {
    return { id: `m-${++this.count}`, at: 0, ...said };
  }

  private keep(content: Buffer): string {
    const id = `file-${++this.count}`;
    this.files.set(id, content);
    return id;
  }

  private done(_effect?: unknown): Answer {
    return { status: 200, body: {} };
  }

  allowed({ headers }: Call, answer: () => Answer): Answer {
    return headers.authorization === `Bearer ${this.of.apiKey}` ? answer() : { status: 401, body: {} };
  }

  private at(call: Call, answer: (chat: Chat) => Answer): Answer {
    const chat = this.chats.get(call.params.id!);
    return this.allowed(call, () => (chat ? answer(chat) : { status: 404, body: {} }));
  }
}
