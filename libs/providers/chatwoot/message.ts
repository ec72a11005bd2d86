import type { OutboundMessage } from '#contract';
import { listAt, textAt } from '#provider-kit';

/** Of one message, in UTF-16 code units; Chatwoot source: it takes 150,000 characters. */
export const MAX_TEXT = 100_000;
const BOT = '**Bot:** ';

/** A message as Chatwoot takes it. */
export interface WireMessage {
  content: string;
  private: boolean;
  message_type: 'incoming' | 'outgoing';
  /** Files that were uploaded before. */
  attachments?: string[];
}

/** The bot's own words are a note: as an outgoing message they would pass for an agent's, as an incoming one for the user's. */
export function wireOf({ author, text, attachments }: OutboundMessage): WireMessage {
  const files = attachments.length > 0 ? { attachments: attachments.map(({ id }) => id) } : {};
  if (author === 'bot') return { content: note(BOT + (text ?? '')), private: true, message_type: 'outgoing', ...files };
  return { content: text ?? '', private: false, message_type: 'incoming', ...files };
}

/** Whether a message of a list is one that the gateway sent. Chatwoot source: lists number a message's type, 0 is incoming. */
export function isOurs(item: Record<string, unknown>): boolean {
  return item.message_type === 0 || (item.private === true && String(item.content).startsWith(BOT));
}

/** A text for agents only. Chatwoot source: a mention in a note notifies agents, which is not for users to do. */
export function note(text: string): string {
  return text.replaceAll(/mention:\/\//gi, 'mention: //').toWellFormed();
}

/** Whether a listed message is the one that would be sent. Its files are known by their ids, which are part of their addresses. */
export function isSame(item: Record<string, unknown>, wanted: WireMessage): boolean {
  const urls = listAt(item, 'attachments').map(({ data_url }) => String(data_url));
  if (wanted.attachments) return wanted.attachments.every((id) => urls.some((url) => hasId(url, id)));
  return (
    urls.length === 0 &&
    item.private === wanted.private &&
    (textAt(item, 'content') ?? '').trim() === wanted.content.trim()
  );
}

const hasId = (url: string, id: string): boolean => url.includes(id) || url.includes(encodeURIComponent(id));
