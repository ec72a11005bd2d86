import type { Deliveries, SimulatedEvent } from './deliveries.js';
import type { Faults } from './faults.js';
import { preSignedUrl } from './api-attachments.js';
import {
  simulatedId,
  type SimulatedAttachment,
  type SimulatedConversation,
  type SimulatedMessage,
  type SimulatedSignal,
  type TenantState,
} from './model.js';

const MAX_SIGNALS = 100;

/** What happens in the contact centre, and which events it causes. */
export class Centre {
  constructor(
    private readonly tenants: Map<string, TenantState>,
    private readonly deliveries: Deliveries,
    private readonly faults: Faults,
    private readonly changed: () => void,
    /** Where the simulator is reached. */
    private readonly origin: () => string,
  ) {}

  find(id: string): { state: TenantState; conversation: SimulatedConversation } {
    for (const state of this.tenants.values()) {
      const conversation = state.conversations.get(id);
      if (conversation) return { state, conversation };
    }
    throw new Error(`There is no conversation "${id}".`);
  }

  /** A user wrote, or opened the chat, on a channel of 8x8's own; the channel's webhook has the conversation until it is moved to a queue. */
  async visited(conversation: SimulatedConversation): Promise<void> {
    const created = this.tell(conversation, 'CONVERSATION_UPDATE', this.update(conversation, 'created'));
    conversation.state = 'active';
    await Promise.all([created, this.tell(conversation, 'CONVERSATION_UPDATE', this.update(conversation, 'active'))]);
  }

  /** What the user writes on a channel of 8x8's own, with files or without. An idle conversation goes on, without a word of it. */
  userSays(id: string, text: string | undefined, files: SimulatedAttachment[] = []): Promise<void> {
    const { state, conversation } = this.find(id);
    if (conversation.state === 'idle') {
      conversation.state = 'active';
      conversation.assignment = { type: 'webhook', id: state.channels.get(conversation.channelId)!.webHookId };
    }
    const user = conversation.participants.find(({ type }) => type === 'user')!;
    user.removed = false;
    conversation.attachments.push(...files);
    return this.say(id, 'user', user.id, { text, attachments: files });
  }

  /** The conversation was created: 8x8 tells of it, opens it, and queues it. */
  async opened(id: string): Promise<void> {
    const { state, conversation } = this.find(id);
    const created = this.tell(conversation, 'CONVERSATION_UPDATE', this.update(conversation, 'created'));
    conversation.state = 'active';
    const active = this.tell(conversation, 'CONVERSATION_UPDATE', this.update(conversation, 'active'));
    const queued = this.queued(state, conversation, conversation.assignment.id);
    await Promise.all([created, active, queued]);
  }

  async join(id: string, agentId: string): Promise<void> {
    const { state, conversation } = this.find(id);
    if (!state.tenant.agents.some((agent) => agent.id === agentId)) throw new Error(`There is no agent "${agentId}".`);
    if (conversation.state === 'idle') throw new Error('The conversation is over.');
    if (this.agentsIn(conversation).includes(agentId)) return;
    conversation.waitingIn = null;
    conversation.assignment = { type: 'agent', id: agentId };
    conversation.participants.push({ id: agentId, type: 'agent', removed: false });
    const update = this.tell(conversation, 'CONVERSATION_UPDATE', this.update(conversation, 'active'));
    const joined = this.tell(conversation, 'MEMBERS_CHANGED', { memberType: 'agent', change: 'joined', id: agentId });
    await Promise.all([update, joined]);
  }

  say(
    id: string,
    author: SimulatedMessage['authorType'],
    authorId: string,
    content: Partial<SimulatedMessage>,
  ): Promise<void> {
    const { conversation } = this.find(id);
    const { text, attachments = [], cards = [] } = content;
    const createdAt = Math.max(Date.now(), (conversation.messages.at(-1)?.createdAt ?? 0) + 1);
    conversation.messages.push({
      id: simulatedId(),
      authorType: author,
      authorId,
      text,
      attachments,
      cards,
      createdAt,
    });
    return this.tell(conversation, 'MESSAGE', {
      isEcho: author === 'bot',
      sender: { id: authorId, type: author },
      text,
      attachments: attachments.map((file) => ({
        id: file.id,
        type: kindOf(file),
        preSignedUrl: preSignedUrl(this.origin(), file),
        fileName: file.filename,
      })),
      cards,
    });
  }

  /** The file of a pre-signed address. */
  fileBy(token: string): SimulatedAttachment | undefined {
    const all = [...this.tenants.values()].flatMap(({ conversations }) => [...conversations.values()]);
    return all.flatMap(({ attachments }) => attachments).find((file) => file.token === token);
  }

  /** Files that an agent sends in one message. @throws {Error} when the agent is not in the conversation */
  agentSendsFiles(id: string, agentId: string, files: SimulatedAttachment[], text?: string): Promise<void> {
    const { conversation } = this.find(id);
    if (!this.agentsIn(conversation).includes(agentId)) throw new Error('You are not in this conversation.');
    conversation.attachments.push(...files);
    return this.say(id, 'agent', agentId, { text, attachments: files });
  }

  typing(id: string, agentId: string, on: boolean): Promise<void> {
    const { conversation } = this.find(id);
    return this.tell(conversation, 'ACTIVITY', {
      name: 'typing',
      value: { users: on ? [{ id: agentId, type: 'agent' }] : [] },
    });
  }

  /** The customer's side shows something for a moment. */
  signalled(id: string, signal: Omit<SimulatedSignal, 'at'>): void {
    const { signals } = this.find(id).conversation;
    signals.push({ ...signal, at: Date.now() });
    if (signals.length > MAX_SIGNALS) signals.shift();
    this.changed();
  }

  /** Something that the channel has of its own, such as the customer's answer to a card. */
  activity(id: string, name: string, value: unknown): Promise<void> {
    return this.tell(this.find(id).conversation, 'ACTIVITY', { name, value });
  }

  /** What an agent writes. @throws {Error} when the agent is not in the conversation */
  agentSays(id: string, agentId: string, text: string): Promise<void> {
    const { conversation } = this.find(id);
    if (!this.agentsIn(conversation).includes(agentId)) throw new Error('You are not in this conversation.');
    return this.say(id, 'agent', agentId, { text });
  }

  /** What an agent asks with answers to choose from. @throws {Error} when the agent is not in the conversation */
  agentOffers(id: string, agentId: string, text: string, choices: string[]): Promise<void> {
    const { conversation } = this.find(id);
    if (!this.agentsIn(conversation).includes(agentId)) throw new Error('You are not in this conversation.');
    const options = choices.map((title) => ({ title, data: { postback: title } }));
    return this.say(id, 'agent', agentId, {
      text,
      cards: [{ contentType: 'application/8x8.quick.replies', content: { options } }],
    });
  }

  /** An agent, the one who joined last unless named, moves the conversation to a queue. */
  async transfer(id: string, queueId: string, by?: string): Promise<void> {
    const { state, conversation } = this.find(id);
    if (!state.queue(queueId)) throw new Error(`There is no queue "${queueId}".`);
    const agentId = by ?? this.agentsIn(conversation).at(-1);
    if (!agentId) throw new Error('No agent is in this conversation.');
    this.remove(conversation, agentId);
    const steps = [
      (): Promise<void> => this.tell(conversation, 'TRANSFER'),
      (): Promise<void> =>
        this.tell(conversation, 'MEMBERS_CHANGED', { memberType: 'agent', change: 'left', id: agentId }),
    ];
    if (this.faults.current.leftBeforeTransfer) steps.reverse();
    await Promise.all([...steps.map((step) => step()), this.queued(state, conversation, queueId)]);
  }

  async leave(id: string, agentId: string): Promise<void> {
    const { conversation } = this.find(id);
    const { idleWithoutLeft, leftWithoutIdle } = this.faults.current;
    this.remove(conversation, agentId);
    const told: Promise<void>[] = [];
    if (!idleWithoutLeft)
      told.push(this.tell(conversation, 'MEMBERS_CHANGED', { memberType: 'agent', change: 'left', id: agentId }));
    if (this.agentsIn(conversation).length === 0) {
      if (conversation.postAgentAssignment) told.push(this.givenBack(conversation));
      else if (!leftWithoutIdle) told.push(this.idle(conversation));
    }
    await Promise.all(told);
  }

  /** The customer's side ended it through the API. */
  async userLeft(id: string): Promise<void> {
    const { conversation } = this.find(id);
    for (const participant of conversation.participants) participant.removed = true;
    const user = conversation.participants.find(({ type }) => type === 'user')!;
    const left = this.tell(conversation, 'MEMBERS_CHANGED', { memberType: 'user', change: 'left', id: user.id });
    await Promise.all([left, this.idle(conversation)]);
  }

  /** The API moved it to another queue. */
  async reassigned(id: string, assignment: { type: string; id: string }): Promise<void> {
    const { state, conversation } = this.find(id);
    if (conversation.state === 'idle') return;
    conversation.assignment = assignment;
    const agents = this.agentsIn(conversation);
    for (const agentId of agents) this.remove(conversation, agentId);
    const update = this.tell(conversation, 'CONVERSATION_UPDATE', this.update(conversation, conversation.state));
    const queued = this.queued(state, conversation, assignment.id);
    const left = agents.map((agentId) =>
      this.tell(conversation, 'MEMBERS_CHANGED', { memberType: 'agent', change: 'left', id: agentId }),
    );
    await Promise.all([update, queued, ...left]);
  }

  userChanged(id: string): Promise<void> {
    const { conversation } = this.find(id);
    return this.tell(conversation, 'CONVERSATION_UPDATE', this.update(conversation, conversation.state));
  }

  agentsIn(conversation: SimulatedConversation): string[] {
    return conversation.participants.filter(({ type, removed }) => type === 'agent' && !removed).map(({ id }) => id);
  }

  private queued(state: TenantState, conversation: SimulatedConversation, queueId: string): Promise<void> {
    conversation.assignment = { type: 'queue', id: queueId };
    conversation.waitingIn = queueId;
    return this.tell(conversation, 'QUEUED', { queueId, queueName: state.queue(queueId)?.name ?? queueId });
  }

  /** Somebody asked for it after the agent. */
  private givenBack(conversation: SimulatedConversation): Promise<void> {
    conversation.assignment = { ...conversation.postAgentAssignment! };
    conversation.postAgentAssignment = null;
    if (this.faults.current.silentHandBack) return Promise.resolve();
    return this.tell(conversation, 'CONVERSATION_UPDATE', this.update(conversation, 'active'));
  }

  private idle(conversation: SimulatedConversation): Promise<void> {
    conversation.state = 'idle';
    conversation.waitingIn = null;
    conversation.endedAt = Date.now();
    return this.tell(conversation, 'CONVERSATION_UPDATE', this.update(conversation, 'idle'));
  }

  private remove(conversation: SimulatedConversation, agentId: string): void {
    const participant = conversation.participants.find(({ id, removed }) => id === agentId && !removed);
    if (!participant) throw new Error(`Agent "${agentId}" is not in this conversation.`);
    participant.removed = true;
  }

  private update(conversation: SimulatedConversation, state: string): object {
    return {
      state,
      assignment: { ...conversation.assignment },
      user: structuredClone(conversation.user),
      channel: this.find(conversation.id).state.channels.get(conversation.channelId)?.type ?? 'ChatAPI',
    };
  }

  private tell(conversation: SimulatedConversation, eventType: string, data?: object): Promise<void> {
    this.changed();
    const { state } = this.find(conversation.id);
    const webhook = state.webhooks.get(state.channels.get(conversation.channelId)?.webHookId ?? '');
    if (!webhook) return Promise.resolve();
    conversation.lastEventAt = Math.max(Date.now(), conversation.lastEventAt + 1);
    const event: SimulatedEvent = {
      eventType,
      conversationId: conversation.id,
      timestamp: conversation.lastEventAt,
      ...(data ? { data } : {}),
    };
    const { id: tenant, customerId } = state.tenant;
    return this.deliveries.enqueue({ url: webhook.uri, tenant, customerId }, event);
  }
}

/** 8x8's own words for what a file is. */
function kindOf({ contentType }: SimulatedAttachment): string {
  const [kind] = contentType.split('/');
  return ['image', 'video', 'audio'].includes(kind!) ? kind! : 'file';
}
