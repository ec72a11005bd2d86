import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { inspect } from 'node:util';
import {
  isPlainObject,
  parseAs,
  ProviderError,
  settingsOf,
  withDefaults,
  type Class,
  type ProviderContext,
  type ProviderSession,
  type RawWebhook,
  type StartRequest,
  type VerifiedWebhook,
} from '#contract';
import type { AccountName, Body, FakeVendor, Operation, ProviderHarness, Signing } from './harness.js';
import { ensure, RuleBroken, toDoIn, wrongly } from './rule.js';
import { elapsed } from './trapped-timers.js';

/** The time of every rule, unless it moves it: epoch milliseconds. */
export const NOW = Date.parse('2026-11-25T12:00:00Z');

/** The secret in the copilot's link. */
export const LINK_SECRET = 'secret-part-of-the-link';
export const LINK = `https://copilot.example/?userId=u&sessionId=s&URLToken=${LINK_SECRET}`;

/** How long a call may take until it is at the vendor, in real milliseconds. */
const ON_ITS_WAY_MS = 10_000;

/** A vendor that runs, and a session for an account there. */
export interface Account {
  vendor: FakeVendor;
  session: ProviderSession;
  /** What the provider logged, one line each. */
  lines: string[];
  /** The secrets among its settings. */
  secrets: string[];
  /** A second session of the same account in a new provider, as another replica has it. */
  elsewhere(): ProviderSession;
}

/** Runs `work` with one account, and stops the vendor whatever comes of it. */
export async function withAccount(
  harness: ProviderHarness,
  work: (account: Account) => Promise<void>,
  name: AccountName = 'first',
): Promise<void> {
  const vendor = harness.vendor(name);
  await vendor.http.start();
  try {
    await work(accountAt(harness, vendor, name, harness.provider()));
  } finally {
    await vendor.http.stop();
  }
}

export function accountAt(
  harness: ProviderHarness,
  vendor: FakeVendor,
  name: AccountName,
  provider: ReturnType<ProviderHarness['provider']>,
): Account {
  const lines: string[] = [];
  const type = provider.definition.settings;
  const settings = sample(type, harness.settings(vendor.http.baseUrl, name));
  const open = (by = provider): ProviderSession => by.open(settings, contextFor(lines, name));
  const secrets = Object.entries(settingsOf(type)).flatMap(([key, { secret }]) => {
    const value = (settings as Record<string, unknown>)[key];
    return secret && typeof value === 'string' ? [value] : [];
  });
  return { vendor, session: open(), lines, secrets, elsewhere: () => open(harness.provider()) };
}

/** What a provider is lent; what it logs becomes lines. */
export function contextFor(lines: string[] = [], name = 'first'): ProviderContext {
  const note = (fields: object, message: string): void =>
    void lines.push(`${message} ${inspect(fields, { depth: 10 })}`);
  return { name, production: true, now: () => NOW + elapsed(), log: { debug: note, info: note, warn: note } };
}

/** Settings as `open` gets them. @throws {RuleBroken} when they are not valid */
export function sample<T extends object>(type: Class<T>, plain: Record<string, unknown>): T {
  const { value, errors } = parseAs(type, plain);
  ensure(errors.length === 0, `the sample settings are not valid: ${inspect(errors)}`);
  return withDefaults(type, value);
}

/** An id as handovers have it, `ho_` and 32 hexadecimal digits: for the same word always the same. */
export const handoverId = (word: string | number): string =>
  `ho_${createHash('sha256').update(String(word)).digest('hex').slice(0, 32)}`;

/** The handover of a rule that needs but one. */
export const HANDOVER = handoverId('the handover');

/** A handover, with everything that an agent is to see. */
export function requestOf(harness: ProviderHarness, over: Partial<StartRequest> = {}): StartRequest {
  return {
    handoverId: HANDOVER,
    sessionId: 'session-1',
    userId: 'user-1',
    user: { name: 'Maria Muster', email: 'maria@example.com' },
    transcript: [
      { author: 'user', text: 'Where is my parcel' },
      { author: 'bot', text: 'I will find somebody who knows' },
    ],
    copilotUrl: null,
    defaults: harness.defaults,
    settings: {},
    ...over,
  };
}

export function textOf(text: string, author: 'user' | 'bot' = 'user') {
  return { author, text, cards: [], attachments: [] };
}

export function bytesOf(body: Body): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.from(JSON.stringify(body));
}

/** A genuine webhook of this moment. */
export function genuine(vendor: FakeVendor, body: Body, how: Partial<Signing> = {}): RawWebhook {
  return vendor.sign(bytesOf(body), { at: NOW, by: 'account', ...how });
}

/** What the session makes of the webhook once it is proven. */
export async function factsOf({ vendor, session }: Account, body: Body) {
  return session.events(await session.verify(genuine(vendor, body)));
}

/** A webhook that nobody has proven. */
export function unproven(body: Body): VerifiedWebhook {
  return { key: null, tenant: null, body: bytesOf(body) };
}

/** What the call comes to that a fault lies in wait for. @throws {RuleBroken} when the two do not meet, see `meeting` */
export async function metWith<T>(fault: Promise<void>, operation: Operation, call: () => Promise<T>): Promise<T> {
  const outcome = call();
  await meeting(fault, operation, outcome);
  return outcome;
}

/**
 * Waits until the fault has met its call.
 * @throws {RuleBroken} when the operation is over before that, or never gets there: no route is said to be its own, or it calls none;
 * and what is still to do, where that is thrown
 */
export async function meeting(fault: Promise<void>, operation: Operation, outcome: Promise<unknown>): Promise<void> {
  const missed = await Promise.race([
    fault.then(() => null),
    outcome.then(
      () => ', and succeeded',
      (error: unknown) => {
        if (toDoIn(error) !== null) throw error;
        return `: ${String(error)}`;
      },
    ),
    pause(ON_ITS_WAY_MS, ` within ${ON_ITS_WAY_MS / 1_000} s`, { ref: false }),
  ]);
  ensure(missed === null, `${operation} called no route of the fake that says does: ['${operation}']${missed}`);
}

/** The `ProviderError` with which a call fails. @throws {RuleBroken} when it succeeds, or fails in another way */
export async function failureOf(call: Promise<unknown>, what: string): Promise<ProviderError> {
  const outcome = await call.then(
    () => null,
    (error: unknown) => error,
  );
  if (outcome === null) throw new RuleBroken(`${what} succeeded, but should have failed with a ProviderError`);
  if (outcome instanceof ProviderError && toDoIn(outcome) === null) return outcome;
  if (outcome instanceof RuleBroken) throw outcome;
  throw wrongly(`${what} failed, in place of a ProviderError with`, outcome);
}

/** The conversation that `start` returned. */
export function conversationOf(vendor: FakeVendor, id: unknown) {
  const found = vendor.conversations().find((conversation) => conversation.id === id);
  const known = vendor.conversations().map((conversation) => conversation.id);
  ensure(found, `start returned the conversation ${inspect(id)}, and the fake of the vendor has ${inspect(known)}`);
  return found;
}

/** Every text in a value, for looking for what must not be there. */
export function everyText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value instanceof Error) return `${value.message} ${value.stack}`;
  if (Array.isArray(value)) return value.map(everyText).join('\n');
  if (isPlainObject(value)) return Object.entries(value).flat().map(everyText).join('\n');
  return String(value);
}

/** @throws {RuleBroken} when one of the secrets is in the text, as it is or as part of an address */
export function ensureNoSecret(secrets: string[], text: string, where: string): void {
  for (const secret of secrets)
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64')])
      ensure(
        !text.includes(form),
        `a secret is shown in ${where}: ${text.replaceAll(form, '[the secret]').slice(0, 300)}`,
      );
}
