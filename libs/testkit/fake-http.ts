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
  /** The route that took it, such as `POST /chats/:id/messages`; null where none did. */
  route: string | null;
  /** What it was answered, unless a fault came first. */
  status: number | null;
  /** What was made to happen to it instead of its answer. */
  isFaulted: boolean;
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
 * call of its operation, or one of a certain route, once.
 */
export type Fault = { answer: (call: Call) => Answer } | 'hang' | 'reset before' | 'reset after';

interface Match {
  route: string | null;
  does: Operation[];
}

/** An HTTP server in the vendor's place, so that the provider's own client meets real sockets. What no route knows is a 404. */
export class FakeHttp {
  readonly calls: Call[] = [];
  /** Known once it was started. */
  baseUrl = '';
  private readonly faults: { isMet: (of: Match) => boolean; fault: Fault; met: () => void }[] = [];
  private constant: Answer | null = null;
  private isLate = false;
  private readonly late: (() => void)[] = [];
  private ids: 'as they are' | 'numbers' | 'text' = 'as they are';
  private readonly server = http.createServer((request, response) => void this.take(request, response));

  constructor(private readonly routes: Route[]) {
    // A connection that is closed for being idle would look like a fault.
    this.server.keepAliveTimeout = 0;
  }

  /** Its routes, such as `POST /chats`. */
  get known(): string[] {
    return this.routes.map(({ method, path }) => `${method} ${path}`);
  }

  /** @param port any free one unless given */
  async start(port = 0): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.server.once('error', reject);
      this.server.listen(port, '127.0.0.1', resolve);
    });
    this.baseUrl = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Resolves when the fault has met its call. */
  next(operation: Operation, fault: Fault): Promise<void> {
    const isMet = ({ does }: Match): boolean => does.includes(operation);
    return new Promise((met) => this.faults.push({ isMet, fault, met }));
  }

  /**
   * Resolves when the fault has met a call of this route, such as `POST /chats`.
   * @param passing how many calls of the route go by before that
   */
  at(route: string, passing: number, fault: Fault): Promise<void> {
    let left = passing;
    const isMet = (of: Match): boolean => of.route === route && left-- === 0;
    return new Promise((met) => this.faults.push({ isMet, fault, met }));
  }

  /** From now on every answer waits until `letGo` lets it go. */
  holdAnswers(): void {
    this.isLate = true;
  }

  /** Lets the answers go that wait, and says whether there were any. */
  letGo(): boolean {
    const waiting = this.late.splice(0);
    for (const answer of waiting) answer();
    return waiting.length > 0;
  }

  /** From now on ids in answers (`id`, `...Id`, `..._id`) that are whole numbers come as numbers, or as text. */
  tellIdsAs(type: 'numbers' | 'text'): void {
    this.ids = type;
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
    const route = found && `${method} ${found.route.path}`;
    const about = { route, status: null, isFaulted: false };
    const call: Call = { method, path, query, headers, raw, json: parse(raw), params: found?.params ?? {}, ...about };
    this.calls.push(call);
    if (this.constant) return send(response, this.constant);
    const fault = this.faultFor({ route, does: found?.route.does ?? [] });
    call.isFaulted = fault !== null;
    if (fault === 'hang') return;
    if (fault === 'reset before') return void request.socket.resetAndDestroy();
    const isReplaced = fault !== null && typeof fault === 'object';
    const answer = isReplaced ? fault.answer(call) : (found?.route.answer(call) ?? { status: 404, body: {} });
    if (fault === 'reset after') return void request.socket.resetAndDestroy();
    if (fault === null) call.status = answer.status;
    const told = this.ids === 'as they are' ? answer : { ...answer, body: retyped(answer.body, this.ids) };
    if (this.isLate) this.late.push(() => send(response, told));
    else send(response, told);
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

  private faultFor(of: Match): Fault | null {
    const index = this.faults.findIndex(({ isMet }) => isMet(of));
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

const IS_ID = /^(id|.+(Id|_id))$/;

/** JSON with its ids as numbers or as text, as far as they are whole numbers; anything else as it is. */
export function retyped(value: unknown, ids: 'numbers' | 'text'): unknown {
  if (Array.isArray(value)) return value.map((item) => retyped(item, ids));
  if (Buffer.isBuffer(value) || typeof value !== 'object' || value === null) return value;
  const typed = (id: unknown): unknown => {
    if (ids === 'text') return typeof id === 'number' ? String(id) : retyped(id, ids);
    return typeof id === 'string' && /^[1-9]\d{0,14}$/.test(id) ? Number(id) : retyped(id, ids);
  };
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, IS_ID.test(key) ? typed(item) : retyped(item, ids)]),
  );
}
