import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import type { DataSource } from 'typeorm';
import { CONNECT_TIMEOUT_MS, sessionOptions } from './session.js';
import { query } from './statement.js';

const CHANNEL = 'handover_live';
const RECONNECT_MS = 2_000;
/** What PostgreSQL carries in one notice is a little more, in bytes. */
const MAX_BYTES = 7_900;

/** Hears what was said on another replica: the handover, and the body of an event that is not stored. */
export type LiveListener = (handoverId: string, body: string) => void;

/**
 * Carries what is true for a moment only from replica to replica, for their live streams. Kept nowhere: who is not listening just then
 * does not hear it. Commits that store something never go this way, since PostgreSQL lets those with a notice in them wait for each other.
 */
export class LiveChannel {
  private readonly self = randomUUID();
  private client: Client | null = null;
  private timer: NodeJS.Timeout | undefined;
  private stopped = false;

  constructor(
    private readonly source: DataSource,
    private readonly url: string,
    private readonly listener: LiveListener,
  ) {}

  /** Listens until it is stopped; a connection that breaks is made anew. Resolves once it listens, or cannot just now. */
  async start(): Promise<void> {
    if (this.stopped) return;
    const { onConnect, ...options } = sessionOptions();
    const client = new Client({
      connectionString: this.url,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      ...options,
    });
    this.client = client;
    client.on('notification', ({ payload = '' }) => this.hear(payload));
    client.on('error', () => this.again(client));
    client.on('end', () => this.again(client));
    try {
      await client.connect();
      await onConnect(client);
      await client.query(`LISTEN ${CHANNEL}`);
    } catch {
      this.again(client);
    }
  }

  async say(handoverId: string, body: string): Promise<void> {
    const payload = JSON.stringify([this.self, handoverId, body]);
    if (Buffer.byteLength(payload) > MAX_BYTES) return;
    await query(this.source, 'live', 'SELECT pg_notify($1, $2)', [CHANNEL, payload]);
  }

  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    await this.client?.end().catch(() => undefined);
  }

  /** Anybody who may connect to the database may say anything here; what is none of ours is passed over. */
  private hear(payload: string): void {
    try {
      const said: unknown = JSON.parse(payload);
      if (!Array.isArray(said) || said.length !== 3 || !said.every((part) => typeof part === 'string')) return;
      const [from, handoverId, body] = said as [string, string, string];
      // It goes into streams as it is.
      if (from !== this.self && !/[\r\n]/.test(body)) this.listener(handoverId, body);
    } catch {
      // An error in a handler of the socket would end the process.
    }
  }

  private again(broken: Client): void {
    if (this.stopped || this.client !== broken) return;
    this.client = null;
    void broken.end().catch(() => undefined);
    this.timer = setTimeout(() => void this.start(), RECONNECT_MS).unref();
  }
}
