import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { GatewayProcess } from './gateway-process.js';

describe('gateway process', () => {
  let folder: string;
  let shown: string[];
  let waiting: () => void;
  const started: GatewayProcess[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'try-out-process-'));
    shown = [];
    waiting = () => {};
  });

  afterEach(async () => {
    for (const gateway of started.splice(0)) {
      gateway.kill();
      await gateway.exited;
    }
    rmSync(folder, { recursive: true });
  });

  function start(program: string, stopLimitMs?: number): GatewayProcess {
    const entry = join(folder, 'main.mjs');
    writeFileSync(entry, program);
    const show = (line: string): void => {
      shown.push(line);
      waiting();
    };
    const logFile = join(folder, 'gateway.log');
    const gateway = new GatewayProcess({ entry, env: process.env, logFile, show, stopLimitMs });
    started.push(gateway);
    return gateway;
  }

  async function untilShown(line: string): Promise<void> {
    while (!shown.includes(line)) await new Promise<void>((resolve) => (waiting = resolve));
  }

  it('shows warnings and plain words, and keeps only log entries, all of them, in a private file', async () => {
    const gateway = start(`
      console.log(JSON.stringify({ level: 'info', msg: 'fine' }));
      console.log(JSON.stringify({ level: 'warn', msg: 'slow' }));
      console.log('The admin key is k1');
      console.error('Error: broken');
      process.exitCode = 3;
    `);
    expect(await gateway.exited).toBe(3);
    expect(gateway.gone).toBe(true);
    expect(shown.sort()).toEqual(['Error: broken', 'Gateway warning: slow', 'The admin key is k1']);
    const log = join(folder, 'gateway.log');
    expect(readFileSync(log, 'utf8').trim().split('\n').map((line) => JSON.parse(line).msg)).toEqual(['fine', 'slow']); // prettier-ignore
    expect(statSync(log).mode & 0o777).toBe(0o600);
  });

  it('stops with SIGTERM and tells the exit code', async () => {
    const gateway = start(`
      process.on('SIGTERM', () => process.exit(0));
      setInterval(() => {}, 1000);
      console.log('up');
    `);
    await untilShown('up');
    expect(gateway.gone).toBe(false);
    expect(await gateway.stop()).toBe(0);
    expect(await gateway.stop()).toBe(0);
  });

  it('is killed when it does not stop in time', async () => {
    const gateway = start(`process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up');`, 50);
    await untilShown('up');
    expect(await gateway.stop()).toBe('SIGKILL');
  });

  it('is killed when that is asked for', async () => {
    const gateway = start(`process.on('SIGTERM', () => {}); setInterval(() => {}, 1000); console.log('up');`);
    await untilShown('up');
    const stopped = gateway.stop();
    gateway.kill();
    expect(await stopped).toBe('SIGKILL');
  });

  it('is in a process group of its own, which the terminal does not signal', async () => {
    const gateway = start(`setInterval(() => {}, 1000); console.log(process.pid);`);
    while (shown.length === 0) await new Promise<void>((resolve) => (waiting = resolve));
    expect(process.kill(-Number(shown[0]), 0)).toBe(true);
    expect(await gateway.stop()).toBe('SIGTERM');
  });

  it('says what happened when the program is missing', async () => {
    const gateway = new GatewayProcess({
      entry: join(folder, 'nothing.js'),
      env: process.env,
      logFile: join(folder, 'gateway.log'),
      show: (line) => shown.push(line),
    });
    expect(await gateway.exited).toBe(1);
    expect(shown.join('\n')).toContain('Cannot find module');
  });
});
