import { inspect } from 'node:util';
import { isPlainObject, WebhookRejected, type ProviderSession, type RawWebhook, type VerifiedWebhook } from '#contract';
import {
  accountAt,
  bytesOf,
  ensureNoSecret,
  everyText,
  genuine,
  LINK,
  LINK_SECRET,
  NOW,
  requestOf,
  withAccount,
} from '../account.js';
import type { ProviderHarness } from '../harness.js';
import { ensure, RuleBroken, type Rule } from '../rule.js';

const SEE = 'ProviderSession.verify in libs/contract/provider.ts';
const DAY_MS = 86_400_000;

const first = (harness: ProviderHarness): Buffer => bytesOf(harness.webhooks.events[0]!.body);
const isSigned = ({ webhooks }: ProviderHarness): boolean => webhooks.proof !== 'none';

/** @throws {RuleBroken} unless the webhook is refused as unauthorized */
async function ensureRefused(session: ProviderSession, webhook: RawWebhook, what: string): Promise<void> {
  const outcome = await outcomeOf(session, webhook);
  if (!(outcome instanceof Error)) throw new RuleBroken(`${what} was taken for genuine`);
  const isRight = outcome instanceof WebhookRejected && outcome.reason === 'unauthorized';
  ensure(isRight, `${what} is answered with ${inspect(outcome)} in place of WebhookRejected, unauthorized`);
}

function outcomeOf(session: ProviderSession, webhook: RawWebhook): Promise<VerifiedWebhook | Error> {
  return session.verify(webhook).catch((error: Error) => error);
}

export const webhookRules: Rule[] = [
  {
    name: 'a genuine webhook is taken as it came, for its own account',
    see: SEE,
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        for (const { name, body } of harness.webhooks.events) {
          const webhook = genuine(vendor, body);
          ensure(!session.isHandshake(webhook), `"${name}" is taken for a connection test`);
          const { tenant, body: proven } = await session.verify(webhook);
          ensure(proven.equals(webhook.body), `"${name}" has another body after it was verified`);
          const isOwn = tenant === null || session.tenant === null || tenant === session.tenant;
          ensure(isOwn, `"${name}" is of tenant ${tenant}, and the account's is ${session.tenant}`);
        }
      });
    },
  },
  {
    name: 'what proves nothing is at least sent to a secret address',
    see: 'ProviderSession.webhookToken in libs/contract/provider.ts',
    applies: (harness) => !isSigned(harness),
    async run(harness) {
      await withAccount(harness, async ({ session }) => {
        ensure(session.webhookToken, 'the vendor signs nothing, so anybody could send events: require a webhookToken');
      });
    },
  },
  {
    name: 'the same event has the same key each time it comes, and another one has another',
    see: 'VerifiedWebhook.key in libs/contract/provider.ts',
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        const keys = new Set<string>();
        for (const { name, body } of harness.webhooks.events) {
          const { key } = await session.verify(genuine(vendor, body));
          const repeated = await session.verify(genuine(vendor, body, { at: NOW + 60_000, again: true }));
          ensure(key !== null, `"${name}" has no key, so it would count twice when it comes twice`);
          ensure(key === repeated.key, `"${name}" has the key ${key}, and ${repeated.key} when it comes again`);
          ensure(!keys.has(key), `"${name}" has the key of another event, and would be taken for it: ${key}`);
          keys.add(key);
        }
      });
    },
  },
  {
    name: 'two events about one thing have two keys',
    see: 'VerifiedWebhook.key in libs/contract/provider.ts, WebhookFixtures.aboutOne in libs/testkit/harness.ts',
    async run(harness) {
      const { aboutOne, transfers, endings } = harness.webhooks;
      ensure(
        aboutOne.some((bodies) => bodies.length > 1),
        'there are no fixtures of two events about one thing',
      );
      await withAccount(harness, async ({ vendor, session }) => {
        const conversation = await session.start(requestOf(harness));
        for (const bodies of [...aboutOne, ...transfers, ...endings, vendor.eventsOf?.(conversation) ?? []]) {
          const known = new Map<string, Buffer>();
          for (const body of bodies.map(bytesOf)) {
            const { key } = await session.verify(genuine(vendor, body));
            const before = key === null ? undefined : known.get(key);
            const isOther = before === undefined || before.equals(body);
            ensure(
              isOther,
              `two events have the key ${key}, so the second is lost: ${before?.toString().slice(0, 200)} and ${body.toString().slice(0, 200)}`,
            );
            if (key !== null) known.set(key, body);
          }
        }
      });
    },
  },
  {
    name: 'a webhook that was tampered with is refused',
    see: SEE,
    applies: isSigned,
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        const webhook = genuine(vendor, first(harness));
        for (const at of [0, Math.floor(webhook.body.length / 2), webhook.body.length - 1]) {
          const body = Buffer.from(webhook.body);
          body[at]! ^= 1;
          await ensureRefused(session, { ...webhook, body }, `a webhook whose byte ${at} was changed`);
        }
        const longer = Buffer.concat([webhook.body, Buffer.from(' ')]);
        await ensureRefused(session, { ...webhook, body: longer }, 'a webhook that was made longer');
      });
    },
  },
  {
    name: 'a webhook without its signature is refused, whatever is left of it',
    see: SEE,
    applies: isSigned,
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        const webhook = genuine(vendor, first(harness));
        await ensureRefused(session, { ...webhook, headers: {} }, 'a webhook without headers');
        const signature = Object.keys(webhook.headers).filter((name) => name.includes('signature'));
        ensure(signature.length > 0, 'the fake names no header with "signature" in it');
        for (const name of signature)
          for (const value of [undefined, '', 'x', ['a', 'b']])
            await ensureRefused(
              session,
              { ...webhook, headers: { ...webhook.headers, [name]: value } },
              `a webhook with ${inspect(value)} as ${name}`,
            );
      });
    },
  },
  {
    name: 'a webhook that was signed too long ago is refused',
    see: SEE,
    applies: ({ webhooks }) => webhooks.proof === 'body and time',
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        for (const [at, what] of [
          [NOW - DAY_MS, 'a webhook of yesterday'],
          [NOW + DAY_MS, 'a webhook of tomorrow'],
        ] as const)
          await ensureRefused(session, genuine(vendor, first(harness), { at }), what);
      });
    },
  },
  {
    name: 'a webhook that a stranger signed is refused',
    see: SEE,
    applies: isSigned,
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        await ensureRefused(session, genuine(vendor, first(harness), { by: 'stranger' }), 'a webhook of a stranger');
      });
    },
  },
  {
    name: 'a genuine webhook of another account is refused, or says whose it is',
    see: 'VerifiedWebhook.tenant in libs/contract/provider.ts',
    applies: isSigned,
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        const webhook = genuine(vendor, first(harness), { by: 'another account' });
        const other = accountAt(harness, vendor, 'second', harness.provider());
        const there = await outcomeOf(other.session, webhook);
        ensure(
          !(there instanceof Error),
          `the fake signs "another account" so that not even that account takes it: ${String(there)}. Sign as the harness's other account, with the secret that the vendor would use`,
        );
        const outcome = await outcomeOf(session, webhook);
        if (outcome instanceof WebhookRejected) return;
        if (outcome instanceof Error) throw outcome;
        ensure(outcome.tenant !== null, 'a webhook of another account is taken, and does not say whose it is');
        ensure(outcome.tenant !== session.tenant, "a webhook of another account is taken for the account's own");
      });
    },
  },
  {
    name: 'what is no event at all is refused, and nothing else goes wrong',
    see: 'ProviderSession.events and WebhookRejected in libs/contract',
    async run(harness) {
      await withAccount(harness, async ({ vendor, session }) => {
        for (const text of ['', '{', 'null', '[]', '7', '"text"', '{}', '\u0000']) {
          const body = Buffer.from(text);
          for (const webhook of [{ headers: {}, body }, genuine(vendor, body)]) {
            session.isHandshake(webhook);
            const verified = await outcomeOf(session, webhook);
            if (verified instanceof WebhookRejected) continue;
            if (verified instanceof Error)
              throw new RuleBroken(`verify throws ${inspect(verified)} for the body ${inspect(text)}`);
            const facts = mapped(session, verified, text);
            ensure(
              facts.every(({ type }) => type === 'ignored'),
              `the body ${inspect(text)} became ${inspect(facts)}`,
            );
          }
        }
      });
    },
  },
  {
    name: "the copilot's link is not in what verify returns, when the vendor repeats it",
    see: 'StartRequest.copilotUrl in libs/contract/provider.ts, bytesWithoutLinkSecret in libs/provider-kit/link-secret.ts',
    applies: (harness) => jsonEvents(harness).length > 0,
    async run(harness) {
      await withAccount(harness, async ({ vendor, session, lines }) => {
        for (const { name, event } of jsonEvents(harness)) {
          const verified = await session.verify(genuine(vendor, { ...event, repeated: { link: LINK } }));
          const { key, tenant, body } = verified;
          ensureNoSecret([LINK_SECRET], everyText([key, tenant, body.toString(), lines]), `"${name}", once verified`);
          const types = mapped(session, verified, name).map(({ type }) => type);
          // Compared with what the event becomes as it is: whether that is right, another rule says.
          const plain = mapped(session, await session.verify(genuine(vendor, event)), name).map(({ type }) => type);
          const isKept = types.join() === plain.join();
          ensure(isKept, `"${name}" becomes ${inspect(plain)}, and with the masked link in it ${inspect(types)}`);
        }
      });
    },
  },
  {
    name: "the vendor's connection test is known as one",
    see: 'ProviderSession.isHandshake in libs/contract/provider.ts',
    applies: ({ webhooks }) => webhooks.handshake !== null,
    async run(harness) {
      await withAccount(harness, async ({ session }) => {
        const body = bytesOf(harness.webhooks.handshake!);
        ensure(session.isHandshake({ headers: {}, body }), 'isHandshake is false for the connection test');
      });
    },
  },
];

/** Events to which something can be added. */
function jsonEvents({ webhooks }: ProviderHarness) {
  return webhooks.events.flatMap(({ name, body }) => {
    const event = objectIn(bytesOf(body).toString());
    return event ? [{ name, event }] : [];
  });
}

function objectIn(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return isPlainObject(value) ? value : null;
  } catch {
    return null;
  }
}

function mapped(session: ProviderSession, verified: VerifiedWebhook, text: string) {
  try {
    return session.events(verified);
  } catch (error) {
    if (error instanceof WebhookRejected) return [];
    throw new RuleBroken(`events throws ${inspect(error)} for the body ${inspect(text)}`);
  }
}
