import { sending, sessions, type Mutant } from './mutant.js';

const saying = (change: (text: string) => string) =>
  sending((id, message, send) => send(id, { ...message, text: change(message.text ?? '') }));

/** Wrong in what becomes of the content of messages. */
export const mutantsOfContent: Mutant[] = [
  { wrong: 'it sends emoji as question marks', breaks: ['emoji arrive as they were sent'], change: saying((text) => text.replaceAll(/\p{Surrogate}|[\u{10000}-\u{10ffff}]/gu, '?')) }, // prettier-ignore
  { wrong: 'it sends Latin letters only', breaks: ['texts from right to left arrive as they were sent'], change: saying((text) => text.replaceAll(/[^\p{Script=Latin}\p{Script=Common}]/gu, '')) }, // prettier-ignore
  { wrong: 'it escapes markup', breaks: ['markup and lines arrive as they were sent'], change: saying((text) => text.replaceAll('<', '&lt;')) }, // prettier-ignore
  { wrong: 'it cuts what is long', breaks: ['a text that is too long arrives whole, in parts, or is refused'], change: saying((text) => text.slice(0, 500)) }, // prettier-ignore
  {
    wrong: 'of what was said before it shows the oldest',
    breaks: ['of a very long transcript agents are shown the newest part, or it is refused'],
    change: sessions((session) => (session.newest = (transcript) => transcript.slice(0, 100))),
  },
  {
    wrong: 'it sends more of what was said before than the vendor takes',
    breaks: ['of a very long transcript agents are shown the newest part, or it is refused'],
    change: sessions((session) => (session.newest = (transcript) => transcript)),
  },
  {
    wrong: 'it refuses a long transcript, and does not say at what',
    breaks: ['of a very long transcript agents are shown the newest part, or it is refused'],
    change: sessions((session) => {
      session.validate = ({ transcript }) => (transcript.length > 100 ? [{ pointer: '', detail: 'is too long' }] : []);
    }),
  },
  {
    wrong: 'it never splits what is long',
    breaks: ['what convert makes of a long text is not too long for send'],
    change: sessions((session) => (session.convert = (message) => ({ parts: [message], losses: [], errors: [] }))),
  },
  {
    wrong: 'it splits what is long, but only between words',
    breaks: ['what convert makes of a long text is not too long for send'],
    change: sessions((session) => {
      const convert = session.convert.bind(session);
      session.convert = (message) =>
        message.text?.includes(' ') ? convert(message) : { parts: [message], losses: [], errors: [] };
    }),
  },
  {
    wrong: 'it breaks where there are no words',
    breaks: ['a message without words is sent or refused, and nothing else goes wrong'],
    change: sending((id, message, send) => send(id, { ...message, text: message.text!.trim() })),
  },
  {
    wrong: 'it leaves cards out and says nothing',
    breaks: ['a card becomes something to read, or is refused, and every loss is named'],
    change: sessions((session) => {
      const convert = session.convert.bind(session);
      session.convert = (message) => ({ ...convert(message), losses: [] });
    }),
  },
  {
    wrong: 'it sends a card that has no words as an empty message',
    breaks: ['a card becomes something to read, or is refused, and every loss is named'],
    change: sessions((session) => {
      const convert = session.convert.bind(session);
      session.convert = (message) => {
        const { parts, losses, errors } = convert(message);
        return { parts: parts.map((part) => ({ ...part, cards: [] })), losses: [...losses, ...errors], errors: [] };
      };
    }),
  },
  {
    wrong: 'it converts what needs no converting',
    breaks: ['converting is pure, and leaves what can be shown as it is'],
    change: sessions(
      (session) => (session.convert = (message) => ({ parts: [{ ...message }], losses: [], errors: [] })),
    ),
  },
];
