import type { AccountState, ChatwootConversation, ChatwootFile, ChatwootMessage } from './model.js';

/** Where files can be fetched without a key, as from the storage behind the real one. */
export const FILES = '/rails/active_storage/blobs/redirect';

const TYPES = { incoming: 0, outgoing: 1, activity: 2, template: 3 };

/** A conversation as events and the API show it. */
export function conversationView(state: AccountState, conversation: ChatwootConversation): Record<string, unknown> {
  const { id, inboxId, contactId, sourceId, status, labels, customAttributes, priority, createdAt, updatedAt } =
    conversation;
  const { sources: _sources, ...sender } = state.contact(contactId)!;
  const agent = state.agent(conversation.assigneeId);
  const team = state.team(conversation.teamId);
  const last = conversation.messages.findLast((message) => !message.private && message.type !== 'activity');
  return {
    id,
    inbox_id: inboxId,
    status,
    priority,
    labels,
    can_reply: true,
    channel: 'Channel::Api',
    contact_inbox: { contact_id: contactId, inbox_id: inboxId, source_id: sourceId },
    custom_attributes: customAttributes,
    additional_attributes: {},
    messages: last ? [{ ...messageView(state, conversation, last), account_id: conversation.accountId }] : [],
    meta: {
      sender: { ...sender, type: 'contact' },
      assignee: agent ? { ...agent, available_name: agent.name, type: 'user' } : null,
      assignee_type: agent ? 'User' : null,
      team: team ? { id: team.id, name: team.name } : null,
      hmac_verified: false,
    },
    created_at: Math.floor(createdAt / 1_000),
    timestamp: Math.floor(updatedAt / 1_000),
    updated_at: updatedAt / 1_000,
  };
}

/** A message as lists show it: its type is a number, its time in seconds. */
export function messageView(
  state: AccountState,
  conversation: ChatwootConversation,
  message: ChatwootMessage,
): Record<string, unknown> {
  const { id, content, type, attachments, createdAt, status } = message;
  return {
    id,
    content,
    message_type: TYPES[type],
    content_type: 'text',
    content_attributes: {},
    private: message.private,
    status,
    source_id: null,
    conversation_id: conversation.id,
    inbox_id: conversation.inboxId,
    created_at: Math.floor(createdAt / 1_000),
    sender: senderOf(state, conversation, message),
    ...(attachments.length > 0 ? { attachments: attachments.map((file) => fileView(state, file)) } : {}),
  };
}

/** A file as messages show it. Its address needs no key. */
function fileView(
  { account, origin }: AccountState,
  { id, blobId, filename, contentType, content }: ChatwootFile,
): object {
  const file_type = contentType.startsWith('image/') ? 'image' : 'file';
  const data_url = fileAddress(origin, blobId, filename);
  return { id, file_type, account_id: account.id, data_url, file_size: content.length };
}

/** Where a file is kept. */
export function fileAddress(origin: string, blobId: string, filename: string): string {
  return `${origin}${FILES}/${blobId}/${encodeURIComponent(filename)}`;
}

/** A message as events show it: its type is a name, its time a text. */
export function messageEvent(
  state: AccountState,
  conversation: ChatwootConversation,
  message: ChatwootMessage,
): Record<string, unknown> {
  const { account } = state;
  return {
    ...messageView(state, conversation, message),
    message_type: message.type,
    created_at: new Date(message.createdAt).toISOString(),
    account: { id: account.id, name: account.name },
    inbox: { id: conversation.inboxId, name: state.inbox(conversation.inboxId)!.name },
    conversation: conversationView(state, conversation),
  };
}

function senderOf(state: AccountState, conversation: ChatwootConversation, message: ChatwootMessage): object | null {
  if (message.type === 'incoming')
    return { id: conversation.contactId, name: state.contact(conversation.contactId)!.name };
  const agent = state.agent(message.agentId);
  if (agent) return { ...agent, available_name: agent.name, type: 'user' };
  return message.type === 'outgoing' ? { id: 1, name: 'Owner of the token', type: 'user' } : null;
}
