import { isPlainObject, type OutboundMessage } from '#contract';
import type { WireMessage } from './wire.js';

const MAX_FALLBACK = 1_000;

/**
 * A message as 8x8 takes it. It always has a text: where it has none of its own, what a card says or the names of its files.
 * 8x8 Chat Gateway documentation: whether a message without a text is taken changed between its versions.
 */
export function messageBody(message: OutboundMessage): WireMessage {
  const { author, text, cards, attachments } = message;
  return {
    authorType: author,
    text: text !== null && text.trim() !== '' ? text : fallbackText(message),
    ...(cards.length > 0 ? { cards: cards.map(({ contentType, content }) => ({ contentType, content })) } : {}),
    ...(attachments.length > 0 ? { attachments: attachments.map(({ id }) => ({ id })) } : {}),
  };
}

function fallbackText({ cards, attachments }: OutboundMessage): string {
  for (const card of cards) {
    const found = firstTextBlock(card.content, 0);
    if (found !== null) return found.slice(0, MAX_FALLBACK);
  }
  return attachments.map(({ filename }) => filename).join(', ') || '[card]';
}

/** The first text that an Adaptive Card shows, at any depth of its containers. */
function firstTextBlock(node: unknown, depth: number): string | null {
  if (depth > 64) return null;
  if (Array.isArray(node)) return firstOf(node, depth);
  if (!isPlainObject(node)) return null;
  if (node.type === 'TextBlock' && typeof node.text === 'string' && node.text.trim() !== '') return node.text.trim();
  return firstOf(Object.values(node), depth);
}

function firstOf(nodes: unknown[], depth: number): string | null {
  for (const node of nodes) {
    const found = firstTextBlock(node, depth + 1);
    if (found !== null) return found;
  }
  return null;
}
