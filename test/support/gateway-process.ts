import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';

/** The built gateway as a process of its own, so that it can be killed. */
export class GatewayProcess {
  private constructor(
    private readonly child: ChildProcess,
    readonly url: string,
  ) {}

  /**
   * Resolves once it listens.
   * @param root the folder in which `dist` is
   * @throws {Error} with what it said when it ends before
   */
  static async start(
    env: NodeJS.ProcessEnv,
    cwd: string,
    onLine: (line: string) => void,
    root = '.',
  ): Promise<GatewayProcess> {
    const child = spawn(process.execPath, [resolve(root, 'dist/apps/gateway/main.js')], {
      cwd,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (part: Buffer) => (errors += part.toString()));
    const url = await new Promise<string>((settle, refuse) => {
      createInterface(child.stdout).on('line', (line) => {
        onLine(`${line}\n`);
        const started = line.includes('"gateway started"') ? (JSON.parse(line) as { url: string }) : null;
        if (started) settle(started.url);
      });
      child.once('exit', (code) => refuse(new Error(`the gateway ended with ${code}: ${errors}`)));
    });
    return new GatewayProcess(child, url);
  }

  /** Pauses it (`SIGSTOP`), lets it go on (`SIGCONT`), or sends it what a test listens to (`SIGUSR2`). */
  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGUSR2'): void {
    this.child.kill(signal);
  }

  /** Asks it to stop, or ends it at once. Resolves to the exit code, null after a SIGKILL. */
  async stop(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM'): Promise<number | null> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return this.child.exitCode;
    this.child.kill(signal);
    const [code] = (await once(this.child, 'exit')) as [number | null];
    return code;
  }
}
