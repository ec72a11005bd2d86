import http, { type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Operation } from './harness.js';

/** A call as it reached the vendor. */
export interface Call {
  method: string;
  /** Without the query. */
  path: string;
  query: URLSearchParams;
  headers: IncomingHttpHeaders;
  raw: Buffer;
  /** Undefined where it is no JSON. */
  json: unknown;
  /** What stands in the path in place of `:name`, decoded. */
  params: Record<string, string>;
}

export interface Answer {
  status: number;
  headers?: Record<string, string>;
  /** A text or bytes go as they are, anything else as JSON. */
  body?: unknown;
}

/** What the vendor's API has at a path such as `/chats/:id/messages`. `does` names the operations whose effect this call is. */
export interface Route {
  method: string;
  path: string;
  does?: Operation[];
  answer(call: Call): Answer;
}

/**
 * What happens to a call: another answer, none, or a connection that breaks before or after the call took effect. It meets the next
 * call of its operation, once.
 */
export type Fault = { answer: (call: Call) => Answer } | 'hang' | 'reset before' | 'reset after';

/** An HTTP server in the vendor's place, so that the provider's own client meets real sockets. What no route knows is a 404. */
export class FakeHttp {
  readonly calls: Call[] = [];
  /** Known once it was started. */
  baseUrl = '';
  private readonly faults: { operation: Operation; fault: Fault; met: () => void }[] = [];
  private constant: Answer | null = null;
  private readonly server = http.createServer((request, response) => void this.take(request, response));

  constructor(private readonly routes: Route[]) {
    // A connection that is closed for being idle would look like a fault.
    this.server.keepAliveTimeout = 0;
  }

  async start(): Promise<void> {
    await new Promise<void>((resolve) => this.server.listen(0, '127.0.0.1', resolve));
    this.baseUrl = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Resolves when the fault has met its call. */
  next(operation: Operation, fault: Fault): Promise<void> {
    return new Promise((met) => this.faults.push({ operation, fault, met }));
  }

  /** From now on every call is answered so and has no effect, as by a server that is not the vendor's. */
  answerAll(answer: Answer): void {
    this.constant = answer;
  }

  /** From now on nobody listens at its address. */
  async stop(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }

  private async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer);
    } catch {
      return;
    }
    const { pathname: path, searchParams: query } = new URL(request.url ?? '/', 'http://vendor');
    const { method = 'GET', headers } = request;
    const raw = Buffer.concat(chunks);
    const found = this.find(method, path);
    const call = { method, path, query, headers, raw, json: parse(raw), params: found?.params ?? {} };
    this.calls.push(call);
    if (this.constant) return send(response, this.constant);
    const fault = this.faultFor(found?.route.does ?? []);
    if (fault === 'hang') return;
    if (fault === 'reset before') return void request.socket.resetAndDestroy();
    const isReplaced = fault !== null && typeof fault === 'object';
    const answer = isReplaced ? fault.answer(call) : (found?.route.answer(call) ?? { status: 404, body: {} });
    if (fault === 'reset after') return void request.socket.resetAndDestroy();
    send(response, answer);
  }

  private find(method: string, path: string): { route: Route; params: Record<string, string> } | null {
    for (const route of this.routes) {
      const pattern = new RegExp(`^${route.path.replaceAll(/:(\w+)/g, '(?<$1>[^/]+)')}$`);
      const match = route.method === method ? pattern.exec(path) : null;
      if (!match) continue;
      const params = Object.entries(match.groups ?? {}).map(([name, value]) => [name, decodeURIComponent(value)]);
      return { route, params: Object.fromEntries(params) as Record<string, string> };
    }
    return null;
  }

  private faultFor(operations: Operation[]): Fault | null {
    const index = this.faults.findIndex(({ operation }) => operations.includes(operation));
    if (index < 0) return null;
    const [{ fault, met }] = this.faults.splice(index, 1) as [(typeof this.faults)[number]];
    met();
    return fault;
  }
}

function send(response: ServerResponse, { status, headers, body }: Answer): void {
  const isPlain = typeof body === 'string' || Buffer.isBuffer(body);
  response.writeHead(status, { ...(isPlain ? {} : { 'content-type': 'application/json' }), ...headers });
  response.end(body === undefined ? undefined : isPlain ? body : JSON.stringify(body));
}

function parse(raw: Buffer): unknown {
  try {
    return JSON.parse(raw.toString('utf8'));
  } catch {
    return undefined;
  }
}
