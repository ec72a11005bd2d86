import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What happens to a call on its way. `before`: the other side never sees it. `after`: it took effect, and only the answer suffers. */
export type WireFault =
  | { kind: 'status'; status: number; retryAfter?: number; when: 'before' | 'after'; until?: Promise<void> }
  | { kind: 'reset' | 'hang'; when: 'before' | 'after' }
  /** The answer is held back for `ms`; the effect is not. */
  | { kind: 'slow'; ms: number }
  /** The same, until a moment that the test chooses. */
  | { kind: 'held'; until: Promise<void> };

/** Where a wire leads. */
export interface Target {
  name: string;
  url: string;
}

/** One call as a wire saw it. Times are epoch milliseconds. */
export interface Exchange {
  at: number;
  /** When the caller had its answer, or its connection was gone. Null: it still waits. */
  doneAt: number | null;
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  body: string;
  /** Who took it. Null: nobody. */
  target: string | null;
  /** What the other side answered. Null: it was not asked, or did not answer. */
  effect: number | null;
  /** What the caller was told. Null: nothing. */
  status: number | null;
  fault: WireFault | null;
}

interface Reply {
  status: number;
  headers: IncomingMessage['headers'];
  body: Buffer;
}

/** Connects two sides over HTTP, spoils calls as told, and keeps what went over it: the witness that the auditor listens to. */
export class Wire {
  exchanges: Exchange[] = [];
  /** What a call suffers; asked once a call, when it is there as a whole. */
  decide: (exchange: Exchange) => WireFault | null = () => null;
  /** Whether a call is made twice at the same moment, at two targets where there are two. The caller gets the first one's answer. */
  twice: (exchange: Exchange) => boolean = () => false;
  /** Told of every call that is there as a whole. */
  begun: (exchange: Exchange) => void = () => undefined;
  /** Told of every call that was answered. */
  done: (exchange: Exchange) => void = () => undefined;
  /** Told of a target that had not answered when the caller gave up. */
  stuck: (target: Target) => void = () => undefined;
  private readonly timers = new Set<NodeJS.Timeout>();

  private constructor(
    private readonly server: Server,
    readonly url: string,
    private readonly targets: () => Target[],
  ) {}

  /** @param targets in the order in which they are tried; the next one only when a connection is refused */
  static async start(targets: () => Target[]): Promise<Wire> {
    // A caller that is paused finds its connection as it left it.
    const server = createServer({ keepAliveTimeout: 60_000 });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const wire = new Wire(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`, targets);
    server.on('request', (incoming, answer) => wire.take(incoming, answer));
    return wire;
  }

  async stop(): Promise<void> {
    for (const timer of this.timers) clearTimeout(timer);
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private take(incoming: IncomingMessage, answer: ServerResponse): void {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('error', () => undefined);
    incoming.on('end', () => void this.carry(incoming, Buffer.concat(chunks), answer));
  }

  private async carry(incoming: IncomingMessage, body: Buffer, answer: ServerResponse): Promise<void> {
    const exchange: Exchange = {
      at: Date.now(),
      doneAt: null,
      method: incoming.method!,
      path: incoming.url!,
      headers: incoming.headers,
      body: body.toString('utf8'),
      target: null,
      effect: null,
      status: null,
      fault: null,
    };
    this.exchanges.push(exchange);
    this.begun(exchange);
    answer.on('finish', () => {
      exchange.doneAt = Date.now();
      exchange.status = answer.statusCode;
      this.done(exchange);
    });
    answer.on('close', () => (exchange.doneAt ??= Date.now()));
    const fault = (exchange.fault = this.decide(exchange));
    if (fault && 'when' in fault && fault.when === 'before') return this.spoil(fault, answer);
    const reply = await this.reach(exchange, body, answer);
    if (answer.destroyed) return;
    exchange.effect = reply?.status ?? null;
    if (!reply) {
      answer.destroy();
      return;
    }
    // The answer comes when the test wants it.
    if (fault && 'until' in fault) await fault.until;
    if (fault && 'when' in fault) return this.spoil(fault, answer);
    if (fault?.kind === 'slow') await this.pause(fault.ms);
    if (!answer.destroyed) pass(reply, answer);
  }

  private spoil(fault: Extract<WireFault, { when: string }>, answer: ServerResponse): void {
    if (fault.kind === 'reset') answer.destroy();
    if (fault.kind !== 'status' || answer.destroyed) return;
    const headers = fault.retryAfter === undefined ? {} : { 'retry-after': String(fault.retryAfter) };
    answer.writeHead(fault.status, { 'content-type': 'application/problem+json', ...headers });
    answer.end(JSON.stringify({ message: 'Injected fault', errors: [{ code: 'injected', message: 'injected' }] }));
  }

  private async reach(exchange: Exchange, body: Buffer, answer: ServerResponse): Promise<Reply | null> {
    const targets = this.targets();
    if (this.twice(exchange) && targets.length > 0) {
      void forward(targets[1] ?? targets[0]!, exchange, body, answer).catch(() => undefined);
    }
    for (const target of targets) {
      exchange.target = target.name;
      try {
        const gaveUp = (): void => this.stuck(target);
        answer.once('close', gaveUp);
        const reply = await forward(target, exchange, body, answer).finally(() => answer.off('close', gaveUp));
        return reply;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ECONNREFUSED') return null;
      }
    }
    exchange.target = null;
    return null;
  }

  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.timers.delete(timer);
        resolve();
      }, ms);
      this.timers.add(timer);
    });
  }
}

/** Makes a call on a connection of its own: a kept one of a killed process would fail in a way that no other target could mend. */
function forward(target: Target, exchange: Exchange, body: Buffer, answer: ServerResponse): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { connection: _, 'transfer-encoding': __, ...headers } = exchange.headers;
    const sent = request(
      new URL(exchange.path, target.url),
      { method: exchange.method, agent: false, headers: { ...headers, 'content-length': body.length } },
      (reply) => {
        const chunks: Buffer[] = [];
        reply.on('data', (chunk: Buffer) => chunks.push(chunk));
        reply.on('error', reject);
        reply.on('end', () =>
          resolve({ status: reply.statusCode!, headers: reply.headers, body: Buffer.concat(chunks) }),
        );
      },
    );
    sent.on('error', reject);
    answer.once('close', () => sent.destroy());
    sent.end(body);
  });
}

function pass(reply: Reply, answer: ServerResponse): void {
  const { connection: _, 'transfer-encoding': __, 'keep-alive': ___, ...headers } = reply.headers;
  answer.writeHead(reply.status, reply.status === 204 ? headers : { ...headers, 'content-length': reply.body.length });
  answer.end(reply.body);
}
