import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { GuardedFetch } from './guarded-fetch.js';

describe('GuardedFetch', () => {
  let server: Server;
  let connections: number;
  let port: number;
  let respond: (request: IncomingMessage, response: ServerResponse) => void;
  const open: GuardedFetch[] = [];
  beforeEach(async () => {
    connections = 0;
    server = createServer((request, response) => respond(request, response));
    server.on('connection', () => (connections += 1));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((one) => one.close()));
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });

  const guard = (...options: ConstructorParameters<typeof GuardedFetch>): GuardedFetch => {
    const one = new GuardedFetch(...options);
    open.push(one);
    return one;
  };
  const trusted = (): string => `http://127.0.0.1:${port}`;
  const get = (url: string, origin: string | null = null, one = guard()) =>
    one.get(url, origin, AbortSignal.timeout(10_000));

  it('refuses what is not https, has credentials, or names a private address, without any connection', async () => {
    for (const [url, why] of [
      [`http://example.com/`, /not https/],
      [`${trusted()}/`, /not https/],
      [`ftp://example.com/`, /not https/],
      [`file:///etc/passwd`, /not https/],
      [`https://user:secret@example.com/`, /credentials/],
      [`https://127.0.0.1:${port}/`, /public internet/],
      [`https://0x7f.1:${port}/`, /public internet/],
      [`https://2130706433:${port}/`, /public internet/],
      [`https://[::1]:${port}/`, /public internet/],
      [`https://[::ffff:127.0.0.1]:${port}/`, /public internet/],
      ['no address', /no URL/],
    ] as const)
      await expect(get(url)).rejects.toThrow(why);
    expect(connections).toBe(0);
  });

  it('refuses a name when any of its addresses is private, without any connection', async () => {
    for (const addresses of [['127.0.0.1'], ['8.8.8.8', '127.0.0.1'], ['::1'], []]) {
      const one = guard({ resolve: async () => addresses });
      await expect(get(`https://files.example:${port}/`, null, one)).rejects.toThrow(
        /files\.example is not on the public/,
      );
    }
    expect(connections).toBe(0);
  });

  it('connects to the address that was checked, however the name resolves afterwards', async () => {
    const asked: string[] = [];
    // "Public" at the first look, elsewhere at the second.
    const resolve = async (hostname: string): Promise<string[]> => [
      asked.push(hostname) === 1 ? '127.0.0.1' : '127.0.0.2',
    ];
    const one = guard({ resolve, isPublic: (address) => address === '127.0.0.1' });
    const arrived = new Promise((settle) => server.once('connection', settle));
    // The server speaks no TLS, so it goes no further than the connection.
    await expect(get(`https://files.example:${port}/`, null, one)).rejects.toThrow(/gave no answer/);
    await arrived;
    expect(asked).toEqual(['files.example']);
    await expect(get(`https://files.example:${port}/`, null, one)).rejects.toThrow(/public internet/);
  });

  it('fetches from the trusted origin only, to the port', async () => {
    respond = (request, response) =>
      response.setHeader('content-type', 'text/plain').end(request.headers.authorization ?? 'no key');
    const file = await get(`${trusted()}/file?signature=1`, trusted());
    expect(file).toMatchObject({ contentType: 'text/plain', size: 6 });
    expect(await text(file.content)).toBe('no key');
    await expect(get(`http://127.0.0.1:${port + 1}/`, trusted())).rejects.toThrow(/not https/);
    await expect(get(`http://localhost:${port}/`, trusted())).rejects.toThrow(/not https/);
  });

  it('follows three redirects and checks each', async () => {
    let left = 3;
    respond = (_request, response) => {
      if (left-- > 0) response.writeHead(302, { location: '/next' }).end();
      else response.end('here');
    };
    expect(await text((await get(trusted(), trusted())).content)).toBe('here');
    left = 4;
    await expect(get(trusted(), trusted())).rejects.toThrow(/too many redirects/);
    for (const location of ['https://169.254.169.254/', `http://localhost:${port}/`, 'https://user:x@example.com/']) {
      respond = (_request, response) => response.writeHead(307, { location }).end();
      await expect(get(trusted(), trusted())).rejects.toThrow(/not on the public|not https|credentials/);
    }
  });

  it('tells what may be tried again from what may not', async () => {
    for (const [status, isFinal] of [
      [403, true],
      [404, true],
      [429, false],
      [503, false],
    ] as const) {
      respond = (_request, response) => response.writeHead(status).end('why');
      await expect(get(trusted(), trusted())).rejects.toMatchObject({
        message: `its address answered ${status}`,
        isFinal,
      });
    }
    respond = (request) => request.socket.destroy();
    await expect(get(trusted(), trusted())).rejects.toMatchObject({ isFinal: false });
    respond = (_request, response) => response.setHeader('content-encoding', 'gzip').end('x');
    await expect(get(trusted(), trusted())).rejects.toThrow(/encoding/);
  });

  it('shows no part of an address but its host', async () => {
    const socket = connect(port, '127.0.0.1').on('error', () => undefined);
    respond = (request) => request.socket.destroy();
    const error = await get(`${trusted()}/path?signature=secret`, trusted()).catch((thrown: Error) => thrown.message);
    expect(error).toMatch(/^127\.0\.0\.1 gave no answer \(\w+\)$/);
    socket.destroy();
  });
});
