import type { StartRequest } from '#contract';

const AUTHORS = { user: 'Customer', bot: 'Bot', agent: 'Agent', system: 'System' };

/**
 * What was said before the handover as one text, for a contact centre that takes no list of messages: a paragraph each, with who said it.
 * Of a very long one the newest part, with `…` before it. Empty where nothing was said.
 * @param maxText in UTF-16 code units
 * @param mark how the name of who said it is set off from what was said
 */
export function transcriptText(
  { transcript }: Pick<StartRequest, 'transcript'>,
  maxText: number,
  mark: (name: string) => string = (name) => `${name}:`,
): string {
  const text = transcript.map(({ author, text }) => `${mark(AUTHORS[author])} ${text}`).join('\n\n');
  return text.length <= maxText ? text : `… ${text.slice(2 - maxText).toWellFormed()}`;
}
