import { createPublicKey, type KeyObject } from 'node:crypto';
import { isPlainObject, WebhookRejected } from '#contract';
import { hasDotSegment, parseJson, type Transport } from '#provider-kit';
import { isRefusal } from './answers.js';

export interface KeyStoreOptions {
  /** Without a slash at its end. */
  baseUrl: string;
  /** Epoch milliseconds. */
  now(): number;
}

/** A key as it was fetched. A later fetch of the same key id gives another object. */
export interface VerificationKey {
  readonly key: KeyObject;
  /** When to look for a newer one, epoch milliseconds. */
  readonly freshUntil: number;
}

const FRESH_MS = 24 * 3_600_000;
const RETRY_STALE_MS = 30_000;
const UNKNOWN_MS = 60_000;
const RENEWAL_PAUSE_MS = 10_000;
const WINDOW_MS = 10_000;
/** Of ids never seen: for tenants that may be made up, for one of those, and for each tenant that is expected. */
const LOOKUPS_PER_WINDOW = 20;
const LOOKUPS_PER_TENANT = 5;
const MAX_EXPECTED = 1_000;
const MAX_KEYS = 50;
const MAX_UNKNOWN = 1_000;
const MIN_MODULUS = 2_048;
const MAX_MODULUS = 8_192;

/**
 * The public keys that one base URL signs its webhooks with.
 * 8x8 Chat Gateway documentation: a key is read by its id, needs no credentials, and serves all customers.
 * Failures are never kept, except for a minute that a key id is unknown; look-ups of ids never seen are bounded, because
 * anybody can make them up. Each tenant that is expected has a share of its own, which strangers under other names cannot use.
 */
export class KeyStore {
  private readonly keys = new Map<string, VerificationKey>();
  private readonly unknown = new Map<string, number>();
  private readonly renewals = new Map<string, number>();
  private readonly inFlight = new Map<string, Promise<VerificationKey | null>>();
  private readonly expected = new Map<string, true>();
  private window = { since: Number.NEGATIVE_INFINITY, strangers: 0, byTenant: new Map<string, number>() };

  constructor(
    private readonly transport: Transport,
    private readonly options: KeyStoreOptions,
  ) {}

  /** Whether a key of that id was fetched before. */
  has(kid: string): boolean {
    return this.keys.has(kid);
  }

  /** A tenant of ours: the settings name it, or an event of it was verified. */
  expect(tenant: string): void {
    keep(this.expected, tenant, true, MAX_EXPECTED);
  }

  /**
   * The key of that id; null when 8x8 does not know it.
   * @param tenant whose event it is, as the event says
   * @throws {WebhookRejected} `unavailable` when it cannot be told now
   */
  async get(kid: string, tenant = ''): Promise<VerificationKey | null> {
    if (hasDotSegment(kid)) return null;
    const now = this.options.now();
    const cached = this.keys.get(kid);
    if (cached) {
      this.remember(kid, cached);
      return cached.freshUntil > now ? cached : this.refresh(kid, cached);
    }
    if ((this.unknown.get(kid) ?? 0) > now) return null;
    const running = this.inFlight.get(kid);
    if (running) return running;
    this.countLookup(now, tenant);
    return this.fetch(kid);
  }

  /**
   * Another key under the same id than the one that did not verify, or null when there is none to try.
   * At most one renewal of an id in 10 s reaches 8x8, however many forged webhooks arrive.
   */
  async renew(kid: string, failed: VerificationKey): Promise<VerificationKey | null> {
    const current = this.keys.get(kid) ?? null;
    if (current !== failed) return current;
    const now = this.options.now();
    if (!this.inFlight.has(kid)) {
      if (now < (this.renewals.get(kid) ?? Number.NEGATIVE_INFINITY) + RENEWAL_PAUSE_MS) return null;
      keep(this.renewals, kid, now, MAX_KEYS);
    }
    try {
      return await this.fetch(kid);
    } catch {
      return null;
    }
  }

  private async refresh(kid: string, stale: VerificationKey): Promise<VerificationKey | null> {
    try {
      return await this.fetch(kid);
    } catch {
      const kept = { key: stale.key, freshUntil: this.options.now() + RETRY_STALE_MS };
      if (this.keys.get(kid) === stale) this.remember(kid, kept);
      return kept;
    }
  }

  /** One request per key id at a time, whoever asks. */
  private fetch(kid: string): Promise<VerificationKey | null> {
    const running = this.inFlight.get(kid);
    if (running) return running;
    const started = this.load(kid).finally(() => this.inFlight.delete(kid));
    this.inFlight.set(kid, started);
    return started;
  }

  private async load(kid: string): Promise<VerificationKey | null> {
    const url = `${this.options.baseUrl}/chat-gateway/v1/jwk/${encodeURIComponent(kid)}/public`;
    const answer = await this.transport
      .send({ method: 'GET', url, headers: { Accept: 'application/json' } })
      .catch((failure: Error) => {
        throw unavailable(`the key ${kid} could not be fetched: ${failure.message}`);
      });
    // A proxy in place of 8x8 may answer 404 for a moment: that is no word about the key.
    if (answer.status === 404 && isRefusal(parseJson(answer.text), answer)) {
      this.keys.delete(kid);
      keep(this.unknown, kid, this.options.now() + UNKNOWN_MS, MAX_UNKNOWN);
      return null;
    }
    const key = answer.status === 200 ? readJwk(answer.text, kid) : null;
    if (!key) throw unavailable(`the key ${kid} could not be fetched: answer ${answer.status}`);
    const entry = { key, freshUntil: this.options.now() + FRESH_MS };
    this.unknown.delete(kid);
    this.remember(kid, entry);
    return entry;
  }

  private remember(kid: string, entry: VerificationKey): void {
    keep(this.keys, kid, entry, MAX_KEYS);
  }

  private countLookup(now: number, tenant: string): void {
    if (now >= this.window.since + WINDOW_MS) this.window = { since: now, strangers: 0, byTenant: new Map() };
    const { byTenant, strangers } = this.window;
    const isExpected = this.expected.has(tenant);
    const own = byTenant.get(tenant) ?? 0;
    if (own >= LOOKUPS_PER_TENANT || (!isExpected && strangers >= LOOKUPS_PER_WINDOW))
      throw unavailable('too many unknown key ids are being looked up');
    byTenant.set(tenant, own + 1);
    if (!isExpected) this.window.strangers += 1;
  }
}

function unavailable(why: string): WebhookRejected {
  return new WebhookRejected('unavailable', why, 'key_unavailable');
}

/** Puts an entry last and drops the one longest unused when there are too many. */
function keep<V>(map: Map<string, V>, key: string, value: V, limit: number): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > limit) map.delete(map.keys().next().value!);
}

/** 8x8 Chat Gateway documentation: the answer is declared as a string and shown as an object, so both are taken. */
function readJwk(text: string, kid: string): KeyObject | null {
  try {
    const outer: unknown = JSON.parse(text);
    const jwk: unknown = typeof outer === 'string' ? JSON.parse(outer) : outer;
    if (!isPlainObject(jwk) || jwk.kty !== 'RSA' || (jwk.kid !== undefined && jwk.kid !== kid)) return null;
    const { n, e } = jwk as { n: string; e: string };
    const key = createPublicKey({ key: { kty: 'RSA', n, e }, format: 'jwk' });
    const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
    return bits >= MIN_MODULUS && bits <= MAX_MODULUS ? key : null;
  } catch {
    return null;
  }
}
