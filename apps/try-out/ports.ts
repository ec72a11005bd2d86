import { connect, createServer, type AddressInfo } from 'node:net';

/**
 * The first port from `wanted` on that nothing listens on and that is not in `given`, which it then joins; 0 means any.
 * It is only looked for, not kept: whoever gets it should listen soon.
 */
export async function freePort(wanted: number, given: Set<number>): Promise<number> {
  for (let port = wanted; port <= 65_535; port++) {
    const free = given.has(port) ? null : await listenOnce(port);
    if (free === null) continue;
    given.add(free);
    return free;
  }
  throw new Error(`No port from ${wanted} on is free.`);
}

/** Reads a port from an environment variable. @throws {Error} when it is none */
export function portFrom(env: NodeJS.ProcessEnv, name: string, otherwise: number): number {
  const text = env[name] || String(otherwise);
  if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
    throw new Error(`${name} must be a port number, not "${text}".`);
  return Number(text);
}

async function listenOnce(port: number): Promise<number | null> {
  // A program that listens on all addresses, or on IPv6 only, does not everywhere stop us from listening on 127.0.0.1.
  if (port > 0 && ((await answers(port, '127.0.0.1')) || (await answers(port, '::1')))) return null;
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(null));
    server.listen(port, '127.0.0.1', () => {
      const { port: found } = server.address() as AddressInfo;
      server.close(() => resolve(found));
    });
  });
}

function answers(port: number, host: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host, timeout: 1_000 });
    const settle = (answered: boolean): void => {
      socket.destroy();
      resolve(answered);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
    socket.once('timeout', () => settle(false));
  });
}
