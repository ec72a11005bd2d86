import type { OutboundMessage } from '#contract';
import { cardsText } from './cards.js';
import { NO_WORDS } from './convert.js';
import type { WireMessage } from './wire.js';

/**
 * A message as 8x8 takes it. It always has a text: where it has none of its own, what a card says or the names of its files.
 * 8x8 Chat Gateway documentation: whether a message without a text is taken changed between its versions.
 */
export function messageBody(message: OutboundMessage): WireMessage {
  const { author, text, cards, attachments } = message;
  return {
    authorType: author,
    text: text !== null && text.trim() !== '' ? text : (cardsText(cards) ?? fileNames(attachments) ?? NO_WORDS),
    ...(cards.length > 0 ? { cards: cards.map(({ contentType, content }) => ({ contentType, content })) } : {}),
    ...(attachments.length > 0 ? { attachments: attachments.map(({ id }) => ({ id })) } : {}),
  };
}

function fileNames(attachments: OutboundMessage['attachments']): string | null {
  return attachments.length > 0 ? attachments.map(({ filename }) => filename).join(', ') : null;
}
