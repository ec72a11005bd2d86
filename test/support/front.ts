import {
  createServer,
  request,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** What stands in front of the gateway does with a request: passes it on, changed or not, or answers in its place. */
export type Conduct =
  | { pass: (headers: IncomingHttpHeaders, body: Buffer) => { headers: IncomingHttpHeaders; body: Buffer } }
  | { answer: number; headers?: Record<string, string> }
  | { reset: true };

const UNCHANGED: Conduct = { pass: (headers, body) => ({ headers, body }) };

/** The reverse proxy that a gateway has in front of it, with everything that can be wrong with one. */
export class Front {
  conduct: Conduct = UNCHANGED;
  /** Where to; nowhere until it is set. */
  target = '';

  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async start(): Promise<Front> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const front = new Front(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    server.on('request', (incoming, outgoing) => void front.take(incoming, outgoing));
    return front;
  }

  behave(): void {
    this.conduct = UNCHANGED;
  }

  async stop(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async take(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const parts: Buffer[] = [];
    for await (const part of incoming) parts.push(part as Buffer);
    const { conduct } = this;
    if ('reset' in conduct) return void incoming.socket.destroy();
    if ('answer' in conduct) return void outgoing.writeHead(conduct.answer, conduct.headers).end();
    const { headers, body } = conduct.pass(incoming.headers, Buffer.concat(parts));
    const { method, url = '/' } = incoming;
    const onward = request(new URL(url, this.target), {
      method,
      headers: { ...headers, 'content-length': body.length },
    });
    onward.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode!, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    onward.end(body);
  }
}
