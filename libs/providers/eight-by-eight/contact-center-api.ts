import { isPlainObject, ProviderError } from '#contract';
import { at, textAt, VendorApi, type Transport, type VendorApiOptions } from '#provider-kit';
import { headersOf } from './client.js';

/** What is known of a queue; null for what is not. */
export interface QueueStatistics {
  agentsEnabled: number | null;
  agentsAvailable: number | null;
  queueSize: number | null;
  longestWaitSeconds: number | null;
  /** What it is for: `chat`, `phone`, `email` or `vmail`. */
  mediaType: string | null;
}

export interface ContactCenterOptions extends Pick<VendorApiOptions, 'now' | 'log' | 'secrets'> {
  /** Without a slash at its end. */
  baseUrl: string;
  apiKey: string;
  tenant?: string;
}

/** States of an agent who is logged in. */
const LOGGED_IN = ['waitTransact', 'busy', 'onBreak', 'workOffline', 'postProcess'];

/**
 * Schedules and real-time statistics of queues. Their documentation is not public: paths and fields are those that 8x8's own
 * extension for Cognigy.AI uses.
 */
export class ContactCenterApi {
  private readonly api: VendorApi;

  constructor(transport: Transport, { baseUrl, ...options }: ContactCenterOptions) {
    const headers = { ...headersOf(options), Accept: 'application/json' };
    // What is refused is a gap in what is known, and no verdict: its own form is not documented.
    const isRefusal = (): boolean => true;
    this.api = new VendorApi(transport, { ...options, vendor: '8x8', baseUrl: `${baseUrl}/cc/v1`, headers, isRefusal });
  }

  /** Whether a schedule is open at this moment. @throws {ProviderError} also when it is in one of its special states */
  async isOpen(scheduleId: string): Promise<boolean> {
    const body = await this.api.json('GET', `/schedules/${encodeURIComponent(scheduleId)}/status`);
    const status = at(body, 'schedule-status', 'status');
    if (Number(status) === 0 && status !== '' && status !== null) return true;
    if (Number(status) === -1) return false;
    const said = typeof status === 'string' ? `"${status.slice(0, 50)}"` : 'nothing of the kind';
    throw new ProviderError('unknown_outcome', `the schedule says ${said}, which is neither open nor closed`);
  }

  async queue(queueId: string): Promise<QueueStatistics> {
    const body = await this.api.json('GET', `/stats/rt/queue/${encodeURIComponent(queueId)}`);
    const queue = isPlainObject(body) && isPlainObject(body.queue) ? body.queue : null;
    if (!queue) throw new ProviderError('unknown_outcome', '8x8 answered without the statistics of the queue');
    const states = LOGGED_IN.map((state) => count(queue[`agent-count-${state}`]));
    const loggedIn = states.every((one) => one !== null) ? states.reduce((sum, one) => sum + one, 0) : null;
    const enabled = count(queue['enabled-agent-count']);
    return {
      // An agent can be enabled for a queue without being there.
      agentsEnabled: enabled !== null && loggedIn !== null ? Math.min(enabled, loggedIn) : enabled,
      agentsAvailable: count(queue['agent-count-waitTransact']),
      queueSize: count(queue['queue-size']),
      longestWaitSeconds: count(queue['longest-wait-time']),
      mediaType: textAt(queue['media-type']),
    };
  }
}

/** A count as a number or as text; null for anything else. */
export function count(value: unknown): number | null {
  const isNumber = typeof value === 'number' || (typeof value === 'string' && /^\d+$/.test(value));
  return isNumber && Number.isFinite(Number(value)) && Number(value) >= 0 ? Number(value) : null;
}
