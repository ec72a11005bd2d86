import { createHmac, randomUUID } from 'node:crypto';
import type { RawWebhook } from 'handover-gateway/contract';
import {
  FakeHttp,
  type Answer,
  type Call,
  type FakeVendor,
  type Route,
  type Signing,
  type VendorConversation,
} from 'handover-gateway/testkit';

interface Chat {
  id: string;
  reference: string;
  queue: { id: string; name: string };
  customer: object;
  history: object[];
  state: 'open' | 'closed';
  agents: { id: string; name: string }[];
  messages: { id: string; at: string; author: string; text: string | null; internal: boolean; agent?: object }[];
}

/** Of one message. */
const MAX_TEXT = 4_000;

/** An account of Echo Desk: its id, and the secrets that it has with the gateway. */
export interface EchoAccount {
  id: string;
  apiKey: string;
  secret: string;
}

/** Echo Desk as it would be, at a socket. */
export class EchoDesk implements FakeVendor {
  private readonly chats = new Map<string, Chat>();
  readonly http = new FakeHttp(this.routes());

  /** @param other another account, whose events must not be taken for its own */
  constructor(
    private readonly account: EchoAccount,
    private readonly other: EchoAccount = { id: 'else', apiKey: 'key', secret: 'else' },
  ) {}

  chat(id: string): Chat {
    return this.chats.get(id)!;
  }

  conversations(): VendorConversation[] {
    return [...this.chats.values()].map(({ id, state, customer, history, queue, messages }) => ({
      id,
      isOpen: state === 'open',
      shown: JSON.stringify([customer, history]),
      queue: queue.id,
      messages: messages.flatMap(({ author, text }) =>
        author === 'user' || author === 'bot' ? [{ author, text: text ?? '', files: [] }] : [],
      ),
      signals: [],
    }));
  }

  sign(body: Buffer, { at, by }: Signing): RawWebhook {
    const seconds = String(Math.floor(at / 1_000));
    const secret = { stranger: 'no secret', account: this.account.secret, 'another account': this.other.secret }[by];
    const signed = by === 'another account' ? Buffer.from(JSON.stringify({ ...JSON.parse(body.toString()), account: this.other.id })) : body; // prettier-ignore
    const signature = createHmac('sha256', secret).update(`${seconds}.`).update(signed).digest('hex');
    return { headers: { 'echo-timestamp': seconds, 'echo-signature': signature }, body: signed };
  }

  /** An event as Echo Desk sends it. */
  event(chat: string, type: string, more: object = {}): Buffer {
    const { reference } = this.chat(chat);
    const at = new Date().toISOString();
    return Buffer.from(
      JSON.stringify({ id: `evt-${randomUUID()}`, account: this.account.id, at, type, chat, reference, ...more }),
    );
  }

  eventsOf(conversation: string): Buffer[] {
    const said = this.chat(conversation)
      .messages.filter(({ author }) => author === 'agent')
      .slice(-1);
    return [
      this.event(conversation, 'chat.opened'),
      ...said.map((message) => this.event(conversation, 'message.created', { message })),
    ];
  }

  agentJoins(conversation: string, agent: string): void {
    this.chat(conversation).agents.push({ id: agent, name: agent });
  }

  agentSays(conversation: string, text: string, at: number, names: string[] = []): { message: object } {
    const agent = this.chat(conversation).agents[0];
    const files = names.map((name) => ({
      id: `f-${randomUUID()}`,
      name,
      url: `https://files.echo-desk.example/${name}`,
    }));
    return { message: this.add(conversation, { author: 'agent', text, agent, files }, at) };
  }

  agentEnds(conversation: string): void {
    Object.assign(this.chat(conversation), { state: 'closed', agents: [] });
  }

  forget(conversation: string): void {
    this.chats.delete(conversation);
  }

  private add(
    chat: string,
    said: { author: string; text: string | null; agent?: object; files?: object[] },
    at: number,
  ): object {
    const message = { id: `msg-${randomUUID()}`, at: new Date(at).toISOString(), internal: false, ...said };
    this.chat(chat).messages.push(message);
    return message;
  }

  private routes(): Route[] {
    const ofChat =
      (answer: (chat: Chat, call: Call) => Answer) =>
      (call: Call): Answer => {
        const chat = this.chats.get(call.params.id!);
        return this.permitted(call, () =>
          chat ? answer(chat, call) : { status: 404, body: { message: 'no such chat' } },
        );
      };
    return [
      { method: 'POST', path: '/chats', does: ['start'], answer: (call) => this.permitted(call, () => this.open(call)) },
      { method: 'GET', path: '/chats', does: ['findStarted'], answer: (call) => this.permitted(call, () => this.find(call)) },
      { method: 'GET', path: '/chats/:id', does: ['inspect'], answer: ofChat((chat) => this.standing(chat)) },
      { method: 'POST', path: '/chats/:id/close', does: ['end'], answer: ofChat((chat) => this.close(chat)) },
      { method: 'POST', path: '/chats/:id/messages', does: ['send'], answer: ofChat((chat, call) => this.take(chat, call)) },
      {
        method: 'GET',
        path: '/chats/:id/messages',
        does: ['findSent', 'messagesSince'],
        answer: ofChat(({ messages }) => ({ status: 200, body: { messages } })),
      },
    ]; // prettier-ignore
  }

  private permitted({ headers }: Call, answer: () => Answer): Answer {
    const isKnown = headers.authorization === `Bearer ${this.account.apiKey}`;
    return isKnown ? answer() : { status: 401, body: { message: 'unknown key' } };
  }

  private open({ json }: Call): Answer {
    const { reference, queue = 'first', customer, history } = json as Chat & { queue?: string };
    const isThere = [...this.chats.values()].some((chat) => chat.reference === reference);
    if (isThere) return { status: 409, body: { message: 'the reference has a chat' } };
    const id = `chat-${randomUUID()}`;
    const inQueue = { id: queue, name: `The ${queue}` };
    this.chats.set(id, { id, reference, queue: inQueue, customer, history, state: 'open', agents: [], messages: [] });
    return { status: 201, body: { id } };
  }

  private find({ query }: Call): Answer {
    const chats = [...this.chats.values()].filter(({ reference }) => reference === query.get('reference'));
    return { status: 200, body: { chats: chats.map(({ id }) => ({ id })) } };
  }

  private standing({ id, state, agents, queue }: Chat): Answer {
    const waits = state === 'open' && agents.length === 0;
    const now = new Date().toISOString();
    return { status: 200, body: { id, state, agents, now, queue: waits ? queue : null } };
  }

  private close(chat: Chat): Answer {
    this.agentEnds(chat.id);
    return { status: 204 };
  }

  private take(chat: Chat, { json }: Call): Answer {
    const { author, text } = json as { author: string; text: string | null };
    if (text !== null && text.length > MAX_TEXT) return { status: 413, body: { message: 'the text is too long' } };
    return { status: 201, body: this.add(chat.id, { author, text }, Date.now()) };
  }
}
