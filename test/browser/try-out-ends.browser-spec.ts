import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { processesOf, stillRunning } from './processes.js';
import { TryOutProgram } from './try-out-program.js';

jest.setTimeout(120_000);

describe('the end of the try-out', () => {
  let program: TryOutProgram;

  afterEach(() => program.cleanUp());

  it('comes with exit code 1, the reason and no process left when the gateway is killed', async () => {
    program = new TryOutProgram();
    await program.ready();
    const processes = processesOf(program.pid, program.dataDir);
    const gateway = processes.find(({ command }) => command.includes('gateway/main.js'))!;
    process.kill(gateway.pid, 'SIGKILL');
    expect(await program.exited).toBe(1);
    expect(program.errors).toContain('The gateway ended unexpectedly: killed by SIGKILL.');
    expect(stillRunning(processes)).toEqual([]);
  });

  it('may come before all of it has started', async () => {
    program = new TryOutProgram();
    await program.says('Starting');
    const processes = processesOf(program.pid, program.dataDir);
    program.interrupt();
    expect(await program.exited).toBe(0);
    expect(stillRunning([...processes, ...processesOf(program.pid, program.dataDir)])).toEqual([]);
  });

  it('is not needed for another program on a wanted port: the next free one is taken, and named', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    program = new TryOutProgram({ BOT_PORT: String(port) });
    const { chat } = await program.ready();
    expect(Number(new URL(chat).port)).toBeGreaterThan(port);
    expect(program.output).toContain(`Port ${port} is taken: the sample bot uses ${new URL(chat).port}.`);
    expect((await fetch(chat)).status).toBe(200);
    other.close();
  });
});
