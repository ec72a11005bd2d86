import { nextId, type AccountState, type ChatwootConversation, type ChatwootMessage, type Status } from './model.js';
import { conversationView, messageEvent } from './views.js';
import type { Webhooks } from './webhooks.js';

/** Attributes by Chatwoot's names for them, with the values before and now. */
type Changes = Record<string, [unknown, unknown]>;

/** What happens in Chatwoot, and which events it causes. Each action resolves when its events were answered or lost. */
export class ChatwootCentre {
  constructor(
    private readonly webhooks: Webhooks,
    private readonly changed: () => void,
  ) {}

  async opened(state: AccountState, conversation: ChatwootConversation): Promise<void> {
    const created = this.tell(state, conversation, 'conversation_created');
    await Promise.all([
      created,
      ...conversation.messages.map((message) => this.messageTold(state, conversation, message)),
    ]);
  }

  /** A message is there. One of the contact's opens a resolved conversation again. */
  async said(state: AccountState, conversation: ChatwootConversation, message: NewMessage): Promise<void> {
    const added = newMessage(message);
    conversation.messages.push(added);
    const isBack = added.type === 'incoming' && conversation.status === 'resolved';
    const reopened = isBack ? this.status(state, conversation, 'open') : undefined;
    await Promise.all([reopened, this.messageTold(state, conversation, added)]);
  }

  /** Chatwoot tells of a new status twice: as that, and as any other change. */
  async status(state: AccountState, conversation: ChatwootConversation, status: Status): Promise<void> {
    if (conversation.status === status) return;
    const changes: Changes = { status: [conversation.status, status] };
    conversation.status = status;
    this.touch(conversation);
    await Promise.all([
      this.tell(state, conversation, 'conversation_status_changed', changes),
      this.tell(state, conversation, 'conversation_updated', changes),
    ]);
  }

  async assign(state: AccountState, conversation: ChatwootConversation, agentId: number | null): Promise<void> {
    if (agentId !== null && !state.agent(agentId)) throw new Error(`There is no agent "${agentId}".`);
    if (conversation.assigneeId === agentId) return;
    await this.change(state, conversation, { assigneeId: agentId });
  }

  /** Whoever is not in the new team loses the conversation. */
  async team(state: AccountState, conversation: ChatwootConversation, teamId: number | null): Promise<void> {
    const team = state.team(teamId);
    const { assigneeId } = conversation;
    const stays = assigneeId === null || !team || team.agents.includes(assigneeId);
    await this.change(state, conversation, { teamId: team?.id ?? null, assigneeId: stays ? assigneeId : null });
  }

  /** Whatever else changes of a conversation: labels, priority, custom attributes. */
  async change(
    state: AccountState,
    conversation: ChatwootConversation,
    change: Partial<ChatwootConversation>,
  ): Promise<void> {
    const changes: Changes = {};
    for (const [name, value] of Object.entries(change)) {
      const before = conversation[name as keyof ChatwootConversation];
      if (before === value) continue;
      changes[NAMES[name] ?? name] = [before, value];
      Object.assign(conversation, { [name]: value });
    }
    this.touch(conversation);
    await this.tell(state, conversation, 'conversation_updated', changes);
  }

  /** An agent writes, or the contact does. */
  async typing(
    state: AccountState,
    conversation: ChatwootConversation,
    user: object,
    on: boolean,
    isNote = false,
  ): Promise<void> {
    const view = conversationView(state, conversation);
    const body = { event: `conversation_typing_${on ? 'on' : 'off'}`, user, conversation: view, is_private: isNote };
    await this.webhooks.enqueue(state, conversation, body);
  }

  /** A message that the inbox's webhook does not take is marked as failed, and not sent again. */
  private async messageTold(
    state: AccountState,
    conversation: ChatwootConversation,
    message: ChatwootMessage,
  ): Promise<void> {
    this.changed();
    const body = { ...messageEvent(state, conversation, message), event: 'message_created' };
    const answer = await this.webhooks.enqueue(state, conversation, body);
    if (message.type === 'outgoing' && !(answer !== null && answer < 300)) message.status = 'failed';
  }

  private async tell(
    state: AccountState,
    conversation: ChatwootConversation,
    event: string,
    changes?: Changes,
  ): Promise<void> {
    this.changed();
    const changed_attributes = changes
      ? Object.entries(changes).map(([name, [previous_value, current_value]]) => ({
          [name]: { previous_value, current_value },
        }))
      : null;
    await this.webhooks.enqueue(state, conversation, {
      ...conversationView(state, conversation),
      event,
      changed_attributes,
    });
  }

  private touch(conversation: ChatwootConversation): void {
    conversation.updatedAt = Math.max(Date.now(), conversation.updatedAt + 1);
  }
}

const NAMES: Record<string, string> = {
  assigneeId: 'assignee_id',
  teamId: 'team_id',
  labels: 'label_list',
  customAttributes: 'custom_attributes',
};

export type NewMessage = Partial<ChatwootMessage> & Pick<ChatwootMessage, 'content' | 'type'>;

export function newMessage(message: NewMessage): ChatwootMessage {
  const given = { private: false, agentId: null, attachments: [], status: 'sent' as const, ...message };
  return { ...given, id: nextId(), createdAt: Date.now() };
}
