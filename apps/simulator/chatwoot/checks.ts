import type { NewMessage } from './centre.js';
import type { AccountState, ChatwootContact } from './model.js';
import { invalid, unprocessable } from './refusal.js';

export type Json = Record<string, unknown>;

const MAX_CONTENT = 150_000;
const MAX_ATTRIBUTE = 1_500;
const FIELDS = ['name', 'email', 'phone_number', 'identifier'] as const;

/** A contact's fields, checked as Chatwoot does; what the body leaves out stays as it was. */
export function readContact(
  body: Json,
  state: AccountState,
  was?: ChatwootContact,
): Omit<ChatwootContact, 'id' | 'sources'> {
  const given = Object.fromEntries(FIELDS.map((field) => [field, body[field] ?? was?.[field] ?? null]));
  const contact = given as Pick<ChatwootContact, (typeof FIELDS)[number]>;
  if (contact.email !== null && !/^[^@\s]+@[^@\s]+\.[^@\s]+$/.test(contact.email))
    throw invalid('Email is invalid', 'email');
  if (contact.phone_number !== null && !/^\+[1-9]\d{1,14}$/.test(contact.phone_number))
    throw invalid('Phone number should be in e164 format', 'phone_number');
  for (const field of ['email', 'phone_number', 'identifier'] as const) {
    const isTaken = state.contacts.some(
      (other) => other !== was && other[field] !== null && other[field] === contact[field],
    );
    if (isTaken) throw invalid(`${field} has already been taken`, field);
  }
  return {
    ...contact,
    additional_attributes: { ...was?.additional_attributes, ...(body.additional_attributes as Json) },
    custom_attributes: { ...was?.custom_attributes, ...(body.custom_attributes as Json) },
  };
}

export function readMessage(body: Json, state: AccountState): NewMessage {
  const { content, message_type: type = 'outgoing', private: isPrivate = false, attachments: ids = [] } = body;
  if (type !== 'incoming' && type !== 'outgoing') throw unprocessable(`'${String(type)}' is not a valid message_type`);
  if (typeof content !== 'string' && content !== undefined) throw unprocessable('content must be a text');
  if ((content ?? '').length > MAX_CONTENT)
    throw unprocessable(`Validation failed: Content is too long (maximum is ${MAX_CONTENT} characters)`);
  const attachments = (ids as string[]).map((id) => {
    const file = state.files.get(id);
    if (!file) throw unprocessable('ActiveSupport::MessageVerifier::InvalidSignature');
    return file;
  });
  return { content: content ?? null, type, private: isPrivate === true, attachments };
}

/** Custom attributes, each of which is plain and short enough. */
export function readAttributes(attributes: unknown): Json {
  const entries = Object.entries((attributes ?? {}) as Json);
  for (const [name, value] of entries)
    if (typeof value === 'string' && value.length > MAX_ATTRIBUTE)
      throw invalid(`Custom attributes ${name} length should be < ${MAX_ATTRIBUTE}`, 'custom_attributes');
  return Object.fromEntries(entries);
}
