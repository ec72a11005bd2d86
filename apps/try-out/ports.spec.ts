import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterEach, describe, expect, it } from '@jest/globals';
import { freePort, portFrom } from './ports.js';

const hasIpv6 = Object.values(networkInterfaces()).some((all) => all?.some(({ address }) => address === '::1'));
const HOSTS = ['127.0.0.1', '0.0.0.0', ...(hasIpv6 ? ['::', '::1'] : [])];
const servers: Server[] = [];

async function listen(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  servers.push(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

describe('ports', () => {
  it('keeps the wanted port while it is free', async () => {
    const port = await freePort(0, new Set());
    expect(port).toBeGreaterThan(0);
    expect(await freePort(port, new Set())).toBe(port);
  });

  it.each(HOSTS)('goes past a port that a program on %s has', async (host) => {
    const taken = await listen(host);
    expect(await freePort(taken, new Set())).toBeGreaterThan(taken);
  });

  it('gives no port twice', async () => {
    const given = new Set<number>();
    const first = await freePort(0, given);
    expect(await freePort(first, given)).toBeGreaterThan(first);
  });

  it('says so when no port is left', async () => {
    await expect(freePort(65_535, new Set([65_535]))).rejects.toThrow('No port from 65535 on is free.');
  });

  it('reads a port from the environment', () => {
    expect(portFrom({}, 'BOT_PORT', 3030)).toBe(3030);
    expect(portFrom({ BOT_PORT: '' }, 'BOT_PORT', 3030)).toBe(3030);
    expect(portFrom({ BOT_PORT: '0' }, 'BOT_PORT', 3030)).toBe(0);
    expect(portFrom({ BOT_PORT: '8080' }, 'BOT_PORT', 3030)).toBe(8080);
    for (const bad of ['x', '-1', '65536', '80 ', '1e3']) {
      expect(() => portFrom({ BOT_PORT: bad }, 'BOT_PORT', 3030)).toThrow('BOT_PORT must be a port number');
    }
  });
});
