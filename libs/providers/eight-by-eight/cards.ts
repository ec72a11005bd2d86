import { ADAPTIVE_CARD, adaptiveCardText, isPlainObject, type Card, type FieldError } from '#contract';
import { pointerTo } from './body-rules.js';

export const QUICK_REPLIES = 'application/8x8.quick.replies';

/** 8x8 Chat Gateway documentation: the content types of cards whose content it does not describe. They go as they are. */
const UNDESCRIBED = ['Interactive', 'Location', 'Template', 'Suggestions', 'Buttons', 'Carousel'];
/** 8x8 Chat Gateway documentation: the conversation and event pages show Adaptive Cards up to this version. */
const NEWEST_ADAPTIVE = { major: 1, minor: 3 };

/** What cards say, for whoever cannot show them; null when there is nothing to read. */
export function cardsText(cards: Card[]): string | null {
  const texts = cards.map(cardText).filter((text) => text !== null);
  return texts.length > 0 ? texts.join('\n\n') : null;
}

export function cardText({ contentType, content }: Card): string | null {
  if (typeof content === 'string' && content.trim() !== '') return content.trim();
  if (contentType !== QUICK_REPLIES) return adaptiveCardText(content);
  const titles = optionsOf(content).map((option) => (isPlainObject(option) ? option.title : null));
  const lines = titles.filter(isText).map((title) => `- ${title.trim()}`);
  return lines.length > 0 ? lines.join('\n') : null;
}

/** Why 8x8 does not show a card; null when it does. */
export function whyNotShown({ contentType, content }: Card): string | null {
  if (contentType === QUICK_REPLIES) return null;
  if (UNDESCRIBED.includes(contentType)) return isPlainObject(content) ? null : 'its content is no object';
  if (contentType !== ADAPTIVE_CARD) return '8x8 does not show this content type';
  if (!isPlainObject(content) || content.type !== 'AdaptiveCard') return 'its content is no Adaptive Card';
  const { version, body = [], actions = [] } = content;
  if (!Array.isArray(body) || !Array.isArray(actions)) return 'its body or its actions are no list';
  if (version === undefined) return null;
  const [, major, minor] = /^(\d{1,4})\.(\d{1,4})$/.exec(String(version)) ?? [];
  const isNewer = Number(major) - NEWEST_ADAPTIVE.major || Number(minor) - NEWEST_ADAPTIVE.minor;
  // What is no version at all is NaN here.
  if (isNewer <= 0) return null;
  return `8x8 shows Adaptive Cards up to version ${NEWEST_ADAPTIVE.major}.${NEWEST_ADAPTIVE.minor}`;
}

/** What is wrong with a card that 8x8 would refuse; `at` points to it. */
export function checkCard({ contentType, content }: Card, at: string): FieldError[] {
  if (contentType !== QUICK_REPLIES) return [];
  const options = optionsOf(content);
  const shape = '[{ "title": "…", "data": { "postback": "…" } }]';
  if (options.length === 0) return [{ pointer: `${at}/content/options`, detail: `must be a list such as ${shape}` }];
  return [
    ...strangers(content, ['options'], `${at}/content`),
    ...options.flatMap((option, index) => checkOption(option, `${at}/content/options/${index}`)),
  ];
}

function checkOption(option: unknown, at: string): FieldError[] {
  const { title, data = {} } = isPlainObject(option) ? option : {};
  const errors = [...strangers(option, ['title', 'data'], at), ...strangers(data, ['postback'], `${at}/data`)];
  if (!isText(title)) errors.push({ pointer: `${at}/title`, detail: 'must be a text that is not blank' });
  const { postback = '' } = isPlainObject(data) ? data : { postback: null };
  if (typeof postback !== 'string') errors.push({ pointer: `${at}/data/postback`, detail: 'must be a text' });
  return errors;
}

/** Members that 8x8's schema does not know. */
function strangers(value: unknown, known: string[], at: string): FieldError[] {
  return Object.keys(isPlainObject(value) ? value : {})
    .filter((name) => !known.includes(name))
    .map((name) => ({ pointer: pointerTo(at, name), detail: "is not part of 8x8's quick replies" }));
}

function optionsOf(content: unknown): unknown[] {
  return isPlainObject(content) && Array.isArray(content.options) ? content.options : [];
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}
