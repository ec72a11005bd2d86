import { adaptiveCardText, splitText, type ConvertedMessage, type FieldError, type MessageContent } from '#contract';

/**
 * A message as a contact centre takes it that shows agents no cards: they become text, and what is too long comes in parts. For `convert`.
 * @param maxText of one message, in UTF-16 code units
 */
export function textOnly(
  message: MessageContent,
  { vendor, maxText }: { vendor: string; maxText: number },
): ConvertedMessage {
  const { author, text, cards } = message;
  if (cards.length === 0 && (text ?? '').length <= maxText) return { parts: [message], losses: [], errors: [] };
  const said = cards.map(({ content }) => adaptiveCardText(content));
  const fates = said.map((card, index): FieldError => {
    const fate = card === null ? 'is left out: it has no text' : 'is shown as text';
    return { pointer: `/cards/${index}`, detail: `${fate}; ${vendor} shows no cards` };
  });
  const whole = [text, ...said].filter((part) => part !== null && part.trim() !== '').join('\n\n');
  if (whole === '') {
    const detail = `has no text, and ${vendor} shows no cards: send a text with it`;
    return { parts: [message], losses: [], errors: fates.map(({ pointer }) => ({ pointer, detail })) };
  }
  return {
    parts: splitText(whole, maxText).map((part) => ({ author, text: part, cards: [] })),
    losses: fates,
    errors: [],
  };
}
