import {
  adaptiveCardText,
  splitText,
  type ConvertedMessage,
  type FieldError,
  type MessageContent,
} from 'handover-gateway/contract';

/** Of one message, in UTF-16 code units. */
export const MAX_TEXT = 4_000;

/** Echo Desk shows agents no cards, so they become text; what is too long comes in parts. */
export function convertMessage(message: MessageContent): ConvertedMessage {
  const { author, text, cards } = message;
  if (cards.length === 0 && (text ?? '').length <= MAX_TEXT) return { parts: [message], losses: [], errors: [] };
  const shown = cards.map(({ content }) => adaptiveCardText(content));
  const losses: FieldError[] = shown.map((card, index) => ({
    pointer: `/cards/${index}`,
    detail: card === null ? 'is left out: it has no text' : 'is shown as text; Echo Desk shows no cards',
  }));
  const whole = [text, ...shown].filter((part) => part !== null && part.trim() !== '').join('\n\n');
  if (whole === '') return { parts: [message], losses: [], errors: losses };
  return { parts: splitText(whole, MAX_TEXT).map((part) => ({ author, text: part, cards: [] })), losses, errors: [] };
}
