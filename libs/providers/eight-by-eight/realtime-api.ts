import { isPlainObject, ProviderError } from '#contract';
import { count, type QueueStatistics } from './contact-center-api.js';
import { VendorApi, type Transport, type VendorApiOptions } from '#provider-kit';

export const REALTIME_REGIONS = ['us', 'eu', 'au', 'ca'] as const;

export interface RealtimeOptions extends Pick<VendorApiOptions, 'now' | 'log' | 'secrets'> {
  /** Without a slash at its end. */
  baseUrl: string;
  tenant?: string;
  region: (typeof REALTIME_REGIONS)[number];
  key: string;
  secret: string;
}

const METRICS = ['enabled.rt', 'availableIdle.rt', 'interactionsWaitInQueue.rt'];
/** A token is renewed so long before its end. */
const RENEW_BEFORE_MS = 60_000;

/** `until` is in epoch milliseconds, Infinity while it is on its way. */
interface Token {
  value: Promise<string>;
  until: number;
}

/**
 * The real-time metrics of Contact Center analytics, version 5.
 * 8x8 documentation, "CC Realtime Statistics": `enabled.rt` counts agents who are logged in, assigned and enabled for the queue;
 * `availableIdle.rt` those of them who wait for an interaction. It does not say in which unit it counts waits, so none is told.
 */
export class RealtimeApi {
  private token: Token | null = null;

  constructor(
    private readonly transport: Transport,
    private readonly options: RealtimeOptions,
  ) {}

  async queue(queueId: string): Promise<QueueStatistics> {
    const metrics = await this.metricsOf(queueId);
    return {
      agentsEnabled: count(metrics.get('enabled.rt')),
      agentsAvailable: count(metrics.get('availableIdle.rt')),
      queueSize: count(metrics.get('interactionsWaitInQueue.rt')),
      longestWaitSeconds: null,
      mediaType: null,
    };
  }

  private async metricsOf(queueId: string): Promise<Map<unknown, unknown>> {
    const body = await this.withToken((token) => this.read(queueId, token));
    const queues = Array.isArray(body) ? body.filter(isPlainObject) : [];
    // The samples of the documentation have ids as text; a number would be the same queue.
    const found = queues.find(({ id }) => String(id) === queueId);
    if (!found || !Array.isArray(found.metrics))
      throw new ProviderError('unknown_outcome', '8x8 answered without the metrics of the queue');
    return new Map(found.metrics.filter(isPlainObject).map(({ key, value }) => [key, value]));
  }

  private read(queueId: string, token: string): Promise<unknown> {
    const { baseUrl, region, tenant } = this.options;
    const root = region === 'us' ? baseUrl : `${baseUrl}/${region}`;
    const query = METRICS.map((metric) => `metrics=${metric}`).join('&');
    const path = `/analytics/cc/v5/realtime-metrics/queues/${encodeURIComponent(queueId)}?${query}`;
    const headers = {
      Authorization: `Bearer ${token}`,
      ...(tenant === undefined ? {} : { 'X-Tenant-Info': tenant }),
    };
    return this.api(root, headers, token).json('GET', path);
  }

  /** A token that 8x8 does not take any more is replaced, once. */
  private async withToken(call: (token: string) => Promise<unknown>): Promise<unknown> {
    const known = this.current();
    try {
      return await call(await (known ?? this.renew()).value);
    } catch (error) {
      if (!known || !(error instanceof ProviderError && error.code === 'unauthorized')) throw error;
      if (this.token === known) this.token = null;
      return call(await (this.current() ?? this.renew()).value);
    }
  }

  private current(): Token | null {
    return this.token && this.token.until > this.options.now() ? this.token : null;
  }

  /** One call for all who need it at the same moment. */
  private renew(): Token {
    const fetched = this.fetchToken();
    const token: Token = { value: fetched.then(({ value }) => value), until: Infinity };
    this.token = token;
    fetched.then(
      ({ lifetimeMs }) => (token.until = this.options.now() + lifetimeMs - RENEW_BEFORE_MS),
      () => (token.until = 0),
    );
    return token;
  }

  /** 8x8 documentation, "OAuth Authentication for 8x8 XCaaS APIs": `expires_in` is in seconds, as text. */
  private async fetchToken(): Promise<{ value: string; lifetimeMs: number }> {
    const { baseUrl, key, secret } = this.options;
    const proof = Buffer.from(`${key}:${secret}`).toString('base64');
    const api = this.api(baseUrl, { Authorization: `Basic ${proof}` }, proof);
    const body = await api.form('/oauth/v2/token', { grant_type: 'client_credentials' });
    const { access_token: value, expires_in: expires } = isPlainObject(body) ? body : {};
    if (typeof value !== 'string' || value === '')
      throw new ProviderError('unknown_outcome', '8x8 answered without an access token');
    return { value, lifetimeMs: (count(expires) ?? 0) * 1_000 };
  }

  private api(baseUrl: string, headers: Record<string, string>, proof: string): VendorApi {
    const { now, log, secrets } = this.options;
    return new VendorApi(this.transport, {
      vendor: '8x8',
      baseUrl,
      headers: { Accept: 'application/json', ...headers },
      secrets: [...secrets, proof],
      // What is refused is a gap in what is known; a token that is not taken is renewed, in whatever form that is said.
      isRefusal: () => true,
      now,
      log,
    });
  }
}
