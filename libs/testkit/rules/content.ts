import { inspect } from 'node:util';
import { ADAPTIVE_CARD, ProviderError, type Card, type MessageContent, type ProviderSession } from '#contract';
import { conversationOf, handoverId, requestOf, textOf, withAccount } from '../account.js';
import type { FakeVendor } from '../harness.js';
import { ensure, wrongly, type Rule } from '../rule.js';

const SEE = 'ProviderSession.convert and send in libs/contract/provider.ts';
const LONG = Array.from({ length: 6_000 }, (_, index) => `Sentence ${index} of a long story. `)
  .join('')
  .trim();

/** With no place to break it. */
const UNBROKEN = '\u{1f642}'.repeat(100_000);

/** 200 entries of 1,000 characters. */
const LONG_TRANSCRIPT = Array.from({ length: 200 }, (_, index) => ({
  author: index % 2 === 0 ? ('user' as const) : ('bot' as const),
  text: `This is entry ${index} of many. `.padEnd(1_000, 'It goes on and on. ').trim(),
}));

/** As the core sends it: first converted, where the provider has a way, and then part by part. */
async function say(session: ProviderSession, id: string, message: MessageContent): Promise<void> {
  const { parts, errors } = session.convert?.(message) ?? { parts: [message], errors: [] };
  if (errors.length > 0) throw new ProviderError('invalid', `convert refuses it: ${inspect(errors)}`);
  for (const part of parts) await session.send(id, { ...part, attachments: [] });
}

function ensureWhole(vendor: FakeVendor, id: string, text: string): void {
  const plain = (of: string): string => of.replaceAll(/\s+/g, '');
  const seen = conversationOf(vendor, id)
    .messages.map((message) => message.text)
    .join('');
  ensure(plain(seen) === plain(text), `of ${text.length} characters ${seen.length} arrived, and nobody was told`);
}

function arrives(name: string, texts: string[]): Rule {
  return {
    name,
    see: SEE,
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        const id = await session.start(requestOf(harness));
        for (const author of ['user', 'bot'] as const)
          for (const text of texts) {
            await say(session, id, textOf(text, author));
            const seen = conversationOf(vendor, id).messages.at(-1);
            ensure(seen?.text === text, `${inspect(text)} of the ${author} arrived as ${inspect(seen?.text)}`);
          }
      });
    },
  };
}

export const contentRules: Rule[] = [
  arrives('emoji arrive as they were sent', ['👋', 'a 👩‍👩‍👧‍👦 b 🏳️‍🌈', 'Grüezi ✈️ Zürich']),
  arrives('texts from right to left arrive as they were sent', [
    'שלום, מה שלומך?',
    'مرحبا بالعالم',
    'abc \u202eשלום\u202c def',
  ]),
  arrives('markup and lines arrive as they were sent', ['<b>a</b> & "c" \\n {{x}}', 'one\ntwo\n\nthree']),
  {
    name: 'a text that is too long arrives whole, in parts, or is refused',
    see: SEE,
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        const id = await session.start(requestOf(harness));
        try {
          await say(session, id, textOf(LONG));
        } catch (error) {
          const isRefused = error instanceof ProviderError && error.retry === 'never';
          ensure(isRefused, `a text of ${LONG.length} characters fails with ${String(error)}`);
          return;
        }
        ensureWhole(vendor, id, LONG);
      });
    },
  },
  {
    name: 'of a very long transcript agents are shown the newest part, or it is refused',
    see: 'StartRequest.transcript and ProviderSession.validate in libs/contract/provider.ts',
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        const request = requestOf(harness, { transcript: LONG_TRANSCRIPT });
        const errors = session.validate(request);
        const isNamed = errors.every(({ pointer }) => pointer.startsWith('/transcript'));
        ensure(isNamed, `a transcript of 200 KB is refused, but not at /transcript: ${inspect(errors)}`);
        if (errors.length > 0) return;
        const id = await session.start(request).catch((error: unknown) => {
          throw wrongly('validate takes a transcript of 200 KB, but start fails with', error);
        });
        const { shown } = conversationOf(vendor, id);
        ensure(
          shown.includes(LONG_TRANSCRIPT.at(-1)!.text),
          'agents are not shown what was said last before the handover',
        );
      });
    },
  },
  {
    name: 'what convert makes of a long text is not too long for send',
    see: SEE,
    applies: (harness) => harness.provider().definition.capabilities.includes('convert'),
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        for (const [number, text] of [LONG, UNBROKEN].entries()) {
          const of = { handoverId: handoverId(number), sessionId: `session-${number}`, userId: `user-${number}` };
          const id = await session.start(requestOf(harness, of));
          const { parts, errors } = session.convert!(textOf(text));
          if (errors.length > 0) continue;
          for (const part of parts)
            await session.send(id, { ...part, attachments: [] }).catch((error: unknown) => {
              const made = `convert makes ${parts.length} parts of ${text.length} characters and names no error`;
              throw wrongly(`${made}, but one of ${part.text?.length} characters fails with`, error);
            });
          ensureWhole(vendor, id, text);
        }
      });
    },
  },
  {
    name: 'a message without words is sent or refused, and nothing else goes wrong',
    see: SEE,
    async run(harness) {
      await withAccount(harness, async ({ session }) => {
        const id = await session.start(requestOf(harness));
        for (const text of [null, '', ' ', '\n'])
          await say(session, id, { author: 'user', text, cards: [] }).catch((error: unknown) => {
            const isRefused = error instanceof ProviderError && error.retry === 'never';
            ensure(isRefused, `a message with the text ${inspect(text)} fails with ${String(error)}`);
          });
      });
    },
  },
  {
    name: 'a card becomes something to read, or is refused, and every loss is named',
    see: 'ProviderSession.convert in libs/contract/provider.ts',
    applies: (harness) => harness.provider().definition.capabilities.includes('convert'),
    async run(harness) {
      await withAccount(harness, async ({ session }) => {
        const adaptive = (...body: object[]): Card => ({ contentType: ADAPTIVE_CARD, content: { type: 'AdaptiveCard', version: '1.3', body } }); // prettier-ignore
        const cards = [
          adaptive({ type: 'TextBlock', text: 'to be read' }),
          adaptive(),
          { contentType: 'application/vnd.example.card', content: { type: 'unheard of' } },
        ];
        for (const card of cards)
          for (const text of ['hello', null]) {
            const { parts, losses, errors } = session.convert!({ author: 'bot', text, cards: [card] });
            const what = `${text === null ? '' : 'a text with '}the card ${inspect(card, { depth: 9 })}`;
            const isThere = parts.some((part) => part.cards.length > 0);
            const isNamed = [...losses, ...errors].some(({ pointer }) => pointer.startsWith('/cards/0'));
            ensure(isThere || isNamed, `${what} is left out, and nobody is told`);
            const isEmpty = parts.every((part) => part.cards.length === 0 && !part.text?.trim());
            ensure(errors.length > 0 || !isEmpty, `${what} is sent as a message with nothing in it`);
          }
      });
    },
  },
  {
    name: 'converting is pure, and leaves what can be shown as it is',
    see: 'ProviderSession.convert in libs/contract/provider.ts',
    applies: (harness) => harness.provider().definition.capabilities.includes('convert'),
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        const card = { contentType: 'application/vnd.example.card', content: { type: 'unheard of' } };
        const message = { author: 'user' as const, text: 'hello', cards: [card] };
        const before = inspect(message, { depth: 9 });
        const once = inspect(session.convert!(message), { depth: 9 });
        ensure(once === inspect(session.convert!(message), { depth: 9 }), 'the same message is converted in two ways');
        ensure(inspect(message, { depth: 9 }) === before, 'the message was changed');
        const plain = textOf('hello');
        const { parts, losses, errors } = session.convert!(plain);
        const isItself = parts.length === 1 && parts[0] === plain && losses.length + errors.length === 0;
        ensure(isItself, 'a plain text is converted into something else than itself');
        ensure(vendor.http.calls.length === 0, 'converting called the vendor');
      });
    },
  },
];
