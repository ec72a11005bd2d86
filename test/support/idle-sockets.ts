import { connect, type Socket } from 'node:net';

/** Connections that begin a request and never end it. */
export class IdleSockets {
  private readonly sockets: Socket[] = [];
  /** What each was answered. */
  readonly answers: string[] = [];

  constructor(private readonly url: string) {}

  /** Opens so many and writes the same on each. Resolves once all is written, or was refused. */
  async open(count: number, text: string): Promise<void> {
    const { hostname, port } = new URL(this.url);
    await Promise.all(
      Array.from({ length: count }, () => {
        const socket = connect(Number(port), hostname);
        const index = this.answers.push('') - 1;
        this.sockets.push(socket);
        socket.on('error', () => undefined);
        socket.on('data', (chunk: Buffer) => (this.answers[index] += chunk.toString()));
        return new Promise<void>((resolve) => socket.once('connect', () => socket.write(text, () => resolve())));
      }),
    );
  }

  /** How many the gateway has not ended. */
  get alive(): number {
    return this.sockets.filter(({ closed, readableEnded }) => !closed && !readableEnded).length;
  }

  close(): void {
    for (const socket of this.sockets.splice(0)) socket.destroy();
  }
}

/** The head of a request with a body of 1 MiB, and the first byte of that. */
export function begun(method: string, path: string, headers: Record<string, string> = {}): string {
  const all = { host: 'gateway', 'content-type': 'application/json', 'content-length': '1048576', ...headers };
  const lines = Object.entries(all).flatMap(([name, value]) => (value === '' ? [] : [`${name}: ${value}`]));
  return [`${method} ${path} HTTP/1.1`, ...lines, '', '{'].join('\r\n');
}
