import { splitText, type Card, type ConvertedMessage, type FieldError, type MessageContent } from '#contract';
import { cardsText, cardText, checkCard, whyNotShown } from './cards.js';

/** Stands for cards in which there is nothing to read. */
export const NO_WORDS = '[card]';

/**
 * A message as 8x8 shows it. Cards that it does not show become text, and texts longer than `limit` UTF-16 code units come in parts;
 * what it does show goes with the last one.
 */
export function convertMessage(message: MessageContent, limit: number): ConvertedMessage {
  const { author, text, cards } = message;
  if (cards.length === 0 && (text ?? '').length <= limit) return asItIs(message);
  const errors = cards.flatMap((card, index) => checkCard(card, `/cards/${index}`));
  if (errors.length > 0) return { ...asItIs(message), errors };

  const texts = text !== null && text.trim() !== '' ? [text] : [];
  const losses: FieldError[] = [];
  const shown: Card[] = [];
  for (const [index, card] of cards.entries()) {
    const reason = whyNotShown(card);
    if (reason === null) shown.push(card);
    else texts.push(...inWords(card, `/cards/${index}`, reason, losses));
  }
  if (texts.length === 0 && shown.length === 0) return { ...asItIs(message), errors: losses.map(unreadable) };
  if (texts.length === 0) texts.push(cardsText(shown)?.slice(0, limit).toWellFormed() ?? NO_WORDS);
  const pieces = splitText(texts.join('\n\n'), limit);
  if (shown.length === cards.length && pieces.length === 1 && pieces[0] === text) return asItIs(message);
  const parts = pieces.map((piece, index) => {
    return { author, text: piece, cards: index === pieces.length - 1 ? shown : [] };
  });
  return { parts, losses, errors: [] };
}

function asItIs(message: MessageContent): ConvertedMessage {
  return { parts: [message], losses: [], errors: [] };
}

/** What is said in place of a card, and notes that it is lost. */
function inWords(card: Card, pointer: string, reason: string, losses: FieldError[]): string[] {
  const text = cardText(card);
  const fate = text === null ? 'is left out, as nothing in it can be read' : 'is shown as text';
  losses.push({ pointer, detail: `${fate}: ${reason}` });
  return text === null ? [] : [text];
}

function unreadable({ pointer, detail }: FieldError): FieldError {
  return { pointer, detail: `${detail.replace('is left out, as', 'cannot be shown, and')}. Send a text with it` };
}
