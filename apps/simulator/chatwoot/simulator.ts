import { EventEmitter } from 'node:events';
import fastify, { type FastifyInstance } from 'fastify';
import { Faults } from '../faults.js';
import { ACCOUNTS, PUBLIC, registerChatwootApi } from './api.js';
import { ChatwootCentre } from './centre.js';
import { registerDesk } from './desk.js';
import { injectHttpFaults, type RecordedCall } from './http-faults.js';
import {
  AccountState,
  DEFAULT_ACCOUNT,
  type ChatwootAccount,
  type ChatwootConversation,
  type Status,
} from './model.js';
import { ChatwootRefusal } from './refusal.js';
import { Webhooks, type ChatwootDelivery } from './webhooks.js';

export interface ChatwootSimulatorOptions {
  /** 0, unless given, takes a free one. */
  port?: number;
  host?: string;
  /** One unless given. */
  accounts?: ChatwootAccount[];
}

/** A conversation by what ends with `account/id`, such as its address; or by its id, where it is of the first account. */
export type ConversationRef = string | number;

/** A stand-in for Chatwoot with inboxes of the channel "API": its API, its webhooks, its agents, and ways in which they can fail. */
export class ChatwootSimulator {
  readonly faults = new Faults();
  /** Emits `request` after each API call, `webhook` after each delivery, `change` when a conversation changed. */
  readonly events = new EventEmitter();
  readonly requests: RecordedCall[] = [];
  readonly accounts: AccountState[];
  url = '';
  private readonly hooks = new Webhooks(this.faults, this.events);
  private readonly centre = new ChatwootCentre(this.hooks, () => this.events.emit('change'));
  private readonly server: FastifyInstance;

  private constructor({ accounts = [DEFAULT_ACCOUNT] }: ChatwootSimulatorOptions) {
    this.accounts = structuredClone(accounts).map((account) => new AccountState(account));
    this.server = this.build();
    this.events.setMaxListeners(0);
  }

  static async start(options: ChatwootSimulatorOptions = {}): Promise<ChatwootSimulator> {
    const simulator = new ChatwootSimulator(options);
    simulator.url = await simulator.server.listen({ port: options.port ?? 0, host: options.host ?? '127.0.0.1' });
    for (const state of simulator.accounts) state.origin = simulator.url;
    return simulator;
  }

  async stop(): Promise<void> {
    this.server.server.closeAllConnections();
    await this.server.close();
  }

  /** Where an inbox's events go to, as its administrator would set it. */
  setWebhook(
    url: string,
    { account = this.accounts[0]!.account.id, inbox }: { account?: number; inbox?: number } = {},
  ): void {
    const { inboxes } = this.state(account).account;
    (inboxes.find(({ id }) => id === inbox) ?? inboxes[0]!).webhookUrl = url;
  }

  get webhooks(): ChatwootDelivery[] {
    return this.hooks.made;
  }

  /** All conversations, account by account, oldest first. */
  conversations(): ChatwootConversation[] {
    return this.accounts.flatMap(({ conversations }) => conversations);
  }

  conversation(ref: ConversationRef): ChatwootConversation {
    return this.find(ref).conversation;
  }

  /** Plays the agents. Each action resolves when its events were answered or lost. */
  readonly agent = {
    join: (ref: ConversationRef, agentId?: number): Promise<void> =>
      this.in(ref, (state, conversation) =>
        this.centre.assign(state, conversation, agentId ?? state.account.agents[0]!.id),
      ),
    unassign: (ref: ConversationRef): Promise<void> =>
      this.in(ref, (state, conversation) => this.centre.assign(state, conversation, null)),
    say: (
      ref: ConversationRef,
      content: string | null,
      over: {
        agentId?: number;
        private?: boolean;
        files?: { filename: string; contentType: string; content: string | Buffer }[];
      } = {},
    ) =>
      this.in(ref, (state, conversation) =>
        this.centre.said(state, conversation, {
          content,
          type: 'outgoing',
          agentId: over.agentId ?? conversation.assigneeId ?? state.account.agents[0]!.id,
          private: over.private ?? false,
          attachments: (over.files ?? []).map(({ filename, contentType, content: bytes }) =>
            state.keep(filename, contentType, Buffer.from(bytes)),
          ),
        }),
      ),
    typing: (ref: ConversationRef, on: boolean, isNote = false): Promise<void> =>
      this.in(ref, (state, conversation) => {
        const agent = state.agent(conversation.assigneeId) ?? state.account.agents[0]!;
        return this.centre.typing(state, conversation, { ...agent, type: 'user' }, on, isNote);
      }),
    /** To a team; an agent who is not in it loses the conversation. */
    transfer: (ref: ConversationRef, teamId: number): Promise<void> =>
      this.in(ref, (state, conversation) => this.centre.team(state, conversation, teamId)),
    status: (ref: ConversationRef, status: Status): Promise<void> =>
      this.in(ref, (state, conversation) => this.centre.status(state, conversation, status)),
    resolve: (ref: ConversationRef): Promise<void> => this.agent.status(ref, 'resolved'),
  };

  /** Sends one hand-made event, once. Status 0: no answer. */
  async emit(
    url: string,
    event: object | string,
    options: { secret?: string; at?: number } = {},
  ): Promise<{ status: number }> {
    const body = typeof event === 'string' ? event : JSON.stringify(event);
    return { status: (await this.hooks.post(url, body, options)) ?? 0 };
  }

  private state(account: number): AccountState {
    const found = this.accounts.find((one) => one.account.id === account);
    if (!found) throw new Error(`There is no account "${account}".`);
    return found;
  }

  private find(ref: ConversationRef): { state: AccountState; conversation: ChatwootConversation } {
    const [id, account = this.accounts[0]!.account.id] = String(ref).split('/').reverse();
    const state = this.state(Number(account));
    const conversation = state.conversation(id);
    if (!conversation) throw new Error(`There is no conversation "${id}" in account ${account}.`);
    return { state, conversation };
  }

  private in(
    ref: ConversationRef,
    act: (state: AccountState, conversation: ChatwootConversation) => Promise<void>,
  ): Promise<void> {
    const { state, conversation } = this.find(ref);
    return act(state, conversation);
  }

  private build(): FastifyInstance {
    const server = fastify({ bodyLimit: 30 * 1_048_576, forceCloseConnections: true });
    server.addContentTypeParser('multipart/form-data', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
    server.setErrorHandler((error, _request, reply) => {
      if (error instanceof ChatwootRefusal) return reply.status(error.status).send(error.body);
      return reply.status(500).send({ status: 500, error: (error as Error).message });
    });
    injectHttpFaults(
      server,
      this.faults,
      (url) => url.startsWith(ACCOUNTS) || url.startsWith(PUBLIC),
      (call) => {
        this.requests.push(call);
        this.events.emit('request', call);
      },
    );
    registerChatwootApi(server, { accounts: this.accounts, centre: this.centre, faults: this.faults });
    registerDesk(server, this);
    return server;
  }
}
