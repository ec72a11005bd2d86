import { isPlainObject } from './validation.js';

/** Deeper than any card that a person made; JSON of the API goes no deeper either. */
const MAX_DEPTH = 64;
/** Of a longer card the rest is left out, in characters. */
const MAX_LENGTH = 20_000;

type Json = Record<string, unknown>;

/** The content type of Adaptive Cards. */
export const ADAPTIVE_CARD = 'application/vnd.microsoft.card.adaptive';

/**
 * What an Adaptive Card says, as lines of text: texts, facts, what inputs ask for, and the titles of its actions. For whoever cannot
 * show the card. Null when there is nothing to read.
 */
export function adaptiveCardText(content: unknown): string | null {
  const lines: string[] = [];
  collect(content, 0, lines);
  const text = lines.join('\n');
  if (text === '') return null;
  return text.length <= MAX_LENGTH ? text : `${text.slice(0, MAX_LENGTH - 1).toWellFormed()}…`;
}

/** What single elements say. What they hold is found by itself. */
const SAYS: Record<string, (element: Json) => (string | null)[]> = {
  TextBlock: ({ text }) => [plain(text)],
  RichTextBlock: ({ inlines }) => [listOf(inlines).map(inlineText).join('').trim()],
  FactSet: ({ facts }) => listOf(facts).map((fact) => (isPlainObject(fact) ? pair(fact.title, fact.value) : null)),
  Image: ({ altText }) => [plain(altText)],
  Media: ({ altText }) => [plain(altText)],
};

/** What a card holds and does not show by itself: what an action sends, and the card that it opens. */
const NOT_SHOWN = new Set(['card', 'data', 'fallback', 'refresh', 'authentication', 'metadata']);

function collect(node: unknown, depth: number, lines: string[]): void {
  if (depth > MAX_DEPTH) return;
  if (Array.isArray(node)) return node.forEach((item) => collect(item, depth + 1, lines));
  if (!isPlainObject(node)) return;
  const type = typeof node.type === 'string' ? node.type : '';
  const said = Object.hasOwn(SAYS, type) ? SAYS[type]!(node) : ownText(type, node);
  lines.push(...said.filter((line): line is string => line !== null && line !== ''));
  for (const [name, inner] of Object.entries(node)) if (!NOT_SHOWN.has(name)) collect(inner, depth + 1, lines);
}

function ownText(type: string, element: Json): (string | null)[] {
  if (type.startsWith('Input.')) {
    const asked = plain(element.label) ?? plain(element.placeholder) ?? plain(element.title);
    return [asked, ...listOf(element.choices).map((choice) => (isPlainObject(choice) ? bullet(choice.title) : null))];
  }
  if (type.startsWith('Action.')) return [bullet(pair(element.title, element.url))];
  return [];
}

function inlineText(inline: unknown): string {
  if (typeof inline === 'string') return inline;
  return isPlainObject(inline) && typeof inline.text === 'string' ? inline.text : '';
}

function bullet(title: unknown): string | null {
  const text = plain(title);
  return text === null ? null : `- ${text}`;
}

function pair(title: unknown, value: unknown): string {
  return [plain(title), plain(value)].filter((text) => text !== null).join(': ');
}

function plain(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value.trim() : null;
}

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
