import { adaptiveCardText, splitText, type ConvertedMessage, type FieldError, type OutboundMessage } from '#contract';

/** Of one message, in UTF-16 code units; Chatwoot source: it takes 150,000 characters. */
const MAX_TEXT = 100_000;
const BOT = '**Bot:** ';

/** A message as Chatwoot takes it. */
export interface WireMessage {
  content: string;
  private: boolean;
  message_type: 'incoming' | 'outgoing';
}

/** Chatwoot shows agents no cards, so they become text; what is too long comes in parts. */
export function convertMessage(message: OutboundMessage): ConvertedMessage {
  const { author, text, cards } = message;
  const losses: FieldError[] = [];
  const texts = cards.flatMap(({ content }, index) => {
    const said = adaptiveCardText(content);
    const fate = said === null ? 'is left out: it has no text' : 'is shown as text';
    losses.push({ pointer: `/cards/${index}`, detail: `${fate}; Chatwoot shows no cards` });
    return said ?? [];
  });
  const whole = [...(text?.trim() ? [text] : []), ...texts].join('\n\n');
  if (whole === '') return { parts: [message], losses: [], errors: losses };
  return { parts: splitText(whole, MAX_TEXT).map((piece) => ({ author, text: piece, cards: [] })), losses, errors: [] };
}

/** The bot's own words are a note: as an outgoing message they would pass for an agent's, as an incoming one for the user's. */
export function wireOf({ author, text }: OutboundMessage): WireMessage {
  if (author === 'bot') return { content: note(BOT + text), private: true, message_type: 'outgoing' };
  return { content: text ?? '', private: false, message_type: 'incoming' };
}

/** Whether a message of a list is one that the gateway sent. Chatwoot source: lists number a message's type, 0 is incoming. */
export function isOurs(item: Record<string, unknown>): boolean {
  return item.message_type === 0 || (item.private === true && String(item.content).startsWith(BOT));
}

/** A text for agents only. Chatwoot source: a mention in a note notifies agents, which is not for users to do. */
export function note(text: string): string {
  return text.replaceAll(/mention:\/\//gi, 'mention: //').toWellFormed();
}
