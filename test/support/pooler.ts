import { once } from 'node:events';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';

/** PgBouncer's manual: the startup parameters that it knows unless told to ignore others. */
const KNOWN =
  /^(user|database|replication|client_encoding|datestyle|timezone|standard_conforming_strings|application_name)$/i;

/** A connection pooler as far as starting a session goes: it refuses startup parameters that it does not know. */
export class Pooler {
  private constructor(
    private readonly server: Server,
    private readonly sockets: Set<Socket>,
    /** The database behind it. */
    readonly url: string,
  ) {}

  static async start(databaseUrl: string): Promise<Pooler> {
    const behind = new URL(databaseUrl);
    const sockets = new Set<Socket>();
    const server = createServer((client) => {
      sockets.add(client.once('close', () => sockets.delete(client)).on('error', () => undefined));
      client.once('data', (startup: Buffer) => {
        const unknown = parametersOf(startup).find((name) => !KNOWN.test(name));
        if (unknown !== undefined) return void client.end(refusal(`unsupported startup parameter: ${unknown}`));
        const server = connect(Number(behind.port), behind.hostname).on('error', () => client.destroy());
        server.write(startup);
        client.pipe(server).pipe(client);
        client.once('close', () => server.destroy());
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = new URL(databaseUrl);
    url.port = String((server.address() as AddressInfo).port);
    return new Pooler(server, sockets, url.href);
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** PostgreSQL's protocol, StartupMessage: length, version, then pairs of a name and a value, each ended by a zero. */
function parametersOf(startup: Buffer): string[] {
  return startup
    .subarray(8)
    .toString('utf8')
    .split('\0')
    .filter((text, index) => index % 2 === 0 && text !== '');
}

function refusal(message: string): Buffer {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C08P01\0M${message}\0\0`);
  const head = Buffer.alloc(5);
  head.write('E');
  head.writeInt32BE(fields.length + 4, 1);
  return Buffer.concat([head, fields]);
}
