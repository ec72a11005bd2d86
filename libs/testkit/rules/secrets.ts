import { inspect } from 'node:util';
import { maskSecrets, settingsOf, settingsSchema } from '#contract';
import {
  ensureNoSecret,
  everyText,
  failureOf,
  LINK,
  LINK_SECRET,
  metWith,
  requestOf,
  sample,
  textOf,
  withAccount,
} from '../account.js';
import type { Answer, Call, Fault } from '../fake-http.js';
import type { Operation, ProviderHarness } from '../harness.js';
import { commandsOf } from '../operations.js';
import { ensure, type Rule } from '../rule.js';

const WORDS = 'words that only the agent may read';
const STATUSES = [400, 401, 403, 422, 500];

/** A vendor that repeats whatever it is told, in every field in which vendors explain themselves. */
function echoing(status: number, secrets: string[]) {
  return ({ headers, raw }: Call): Answer => {
    const said = `${secrets.join(' ')} ${inspect(headers)} ${raw.toString()}`;
    const entry = { message: said, code: 'refused', field: 'x', error: said };
    return {
      status,
      body: { message: said, error: said, detail: said, title: said, description: said, errors: [entry] },
    };
  };
}

/** Everything that goes wrong, with what was logged and thrown. */
async function troubles(harness: ProviderHarness, look: (seen: Seen) => void): Promise<void> {
  await withAccount(harness, async (account) => {
    const { vendor, session, secrets, lines } = account;
    const id = await session.start(requestOf(harness));
    const errors: string[] = [];
    const failing = (operation: Operation, fault: Fault, call: () => Promise<unknown>, how: string) =>
      failureOf(metWith(vendor.http.next(operation, fault), operation, call), `${operation} with ${how}`);
    for (const status of STATUSES) {
      const answer = `an answer ${status}`;
      for (const [operation, call] of commandsOf(harness)) {
        const echo = { answer: echoing(status, secrets) };
        errors.push(everyText(await failing(operation, echo, () => call(account, id, harness), answer)));
      }
      const start = (): Promise<string> => session.start(requestOf(harness, { copilotUrl: LINK }));
      errors.push(everyText(await failing('start', { answer: echoing(status, [LINK]) }, start, answer)));
      await failing('send', { answer: echoing(status, []) }, () => session.send(id, textOf(WORDS)), answer);
    }
    const send = (): Promise<void> => session.send(id, textOf(WORDS));
    errors.push(everyText(await failing('send', 'reset after', send, 'a broken connection')));
    look({ secrets, errors, lines });
  });
}

interface Seen {
  secrets: string[];
  errors: string[];
  lines: string[];
}

export const secretRules: Rule[] = [
  {
    name: 'no secret is in an error, whatever the vendor repeats',
    see: 'ProviderError in libs/contract/errors.ts',
    run: (harness) =>
      troubles(harness, ({ secrets, errors }) => {
        for (const error of errors) ensureNoSecret(secrets, error, 'an error');
      }),
  },
  {
    name: 'no secret is in the log',
    see: 'ProviderLog in libs/contract/provider.ts',
    run: (harness) =>
      troubles(harness, ({ secrets, lines }) => {
        for (const line of lines) ensureNoSecret(secrets, line, 'the log');
      }),
  },
  {
    name: "the copilot's link is neither in errors nor in the log",
    see: 'StartRequest.copilotUrl in libs/contract/provider.ts',
    run: (harness) =>
      troubles(harness, ({ errors, lines }) => {
        for (const text of [...errors, ...lines]) ensureNoSecret([LINK_SECRET], text, 'an error or the log');
      }),
  },
  {
    name: 'no words of a message are in the log',
    see: 'ProviderLog in libs/contract/provider.ts',
    run: (harness) =>
      troubles(harness, ({ lines }) => {
        for (const line of lines) ensure(!line.includes(WORDS), `the log shows the text of a message: ${line}`);
      }),
  },
  {
    name: 'no secret is left when settings are shown',
    see: 'maskSecrets in libs/contract/settings.ts',
    async run(harness) {
      const { settings: type } = harness.provider().definition;
      const plain = harness.settings('http://127.0.0.1:9', 'first');
      const shown = everyText(maskSecrets(type, sample(type, plain)));
      await withAccount(harness, async ({ secrets }) => {
        ensure(
          secrets.length > 0,
          'the sample settings have no secret: mark them with secret: true, and give them values',
        );
        ensureNoSecret(secrets, shown, 'the settings that operators are shown');
      });
    },
  },
  {
    name: 'no secret is in the JSON Schema, neither as a default nor as an example',
    see: 'settingsSchema in libs/contract/settings.ts',
    async run(harness) {
      const { settings, handoverSettings } = harness.provider().definition;
      for (const type of [settings, handoverSettings])
        for (const [name, options] of Object.entries(settingsOf(type)))
          ensure(!options.secret || options.default === undefined, `the secret setting ${name} has a default`);
      const schema = everyText([settingsSchema(settings), settingsSchema(handoverSettings)]);
      await withAccount(harness, async ({ secrets }) => ensureNoSecret(secrets, schema, 'the JSON Schema'));
    },
  },
];
