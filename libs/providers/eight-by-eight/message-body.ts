import type { OutboundMessage } from '#contract';
import { cardsText } from './cards.js';
import { NO_WORDS } from './convert.js';
import type { WireMessage } from './wire.js';

/**
 * A message as 8x8 takes it. It always has a text.
 * 8x8 Chat Gateway documentation: whether a message of cards alone is taken changed between its versions.
 */
export function messageBody(message: OutboundMessage): WireMessage {
  const { author, text, cards } = message;
  return {
    authorType: author,
    text: text !== null && text.trim() !== '' ? text : (cardsText(cards) ?? NO_WORDS),
    ...(cards.length > 0 ? { cards: cards.map(({ contentType, content }) => ({ contentType, content })) } : {}),
  };
}
