import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** The built try-out as a process of its own, on free ports and with an empty data directory. */
export class TryOutProgram {
  readonly folder = mkdtempSync(join(tmpdir(), 'try-out-browser-'));
  readonly dataDir = join(this.folder, 'data');
  /** Resolves to the exit code, or to the signal that killed it. */
  readonly exited: Promise<number | NodeJS.Signals>;
  output = '';
  errors = '';
  private readonly child: ChildProcess;
  private changed: () => void = () => {};
  private gone = false;

  constructor(settings: Record<string, string> = {}, args: string[] = []) {
    const { DATABASE_URL: _, ...env } = process.env;
    this.child = spawn(process.execPath, [resolve('dist/apps/try-out/main.js'), ...args], {
      // Another working directory than the checkout's, as nothing may depend on it.
      cwd: this.folder,
      env: { ...env, DATA_DIR: 'data', PORT: '0', SIM_PORT: '0', BOT_PORT: '0', ...settings },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.child.stdout!.on('data', (part: Buffer) => this.took(() => (this.output += part.toString())));
    this.child.stderr!.on('data', (part: Buffer) => this.took(() => (this.errors += part.toString())));
    this.exited = new Promise((settle) =>
      this.child.once('close', (code, signal) => {
        this.took(() => (this.gone = true));
        settle(code ?? signal!);
      }),
    );
  }

  get pid(): number {
    return this.child.pid!;
  }

  /** The addresses it prints when all of it runs. @throws {Error} with what it said instead */
  async ready(): Promise<{ chat: string; desktop: string; api: string }> {
    await this.says('To stop:');
    const address = (label: string): string => new RegExp(`${label}.*?(http://\\S+)`).exec(this.output)![1]!;
    return { chat: address('Chat page'), desktop: address('Agent desktop'), api: address('API reference') };
  }

  /** Waits until it has printed something. @throws {Error} with what it printed, if it ends first */
  async says(text: string): Promise<void> {
    while (!this.output.includes(text)) {
      if (this.gone) throw new Error(`The try-out ended without saying "${text}":\n${this.output}\n${this.errors}`);
      await new Promise<void>((resume) => (this.changed = resume));
    }
  }

  interrupt(): void {
    this.child.kill('SIGINT');
  }

  /** Ends it, however far it came, and removes its data. */
  async cleanUp(): Promise<void> {
    if (!this.gone) this.child.kill('SIGTERM');
    await this.exited;
    rmSync(this.folder, { recursive: true, force: true });
  }

  private took(change: () => void): void {
    change();
    this.changed();
  }
}
