import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import { basename, dirname, join, resolve } from 'node:path';

const run = promisify(execFile);

/** @returns what it says */
async function npm(args: string[], cwd: string): Promise<string> {
  const quiet = ['--offline', '--no-audit', '--no-fund', '--no-update-notifier'];
  return (await run('npm', [...args, ...quiet], { cwd })).stdout;
}

/**
 * The built gateway as an operator has it who installs packages beside it: a copy in a folder of its own, with packages in the
 * `node_modules` above. What the gateway itself depends on is not there, so a package gets it from the gateway or not at all.
 */
export class Installation {
  /** Everything is below it. */
  readonly folder = mkdtempSync(join(tmpdir(), 'handover-installed-'));
  /** The folder of the gateway, in which `dist` is. */
  readonly gateway = join(this.folder, 'gateway');

  constructor() {
    mkdirSync(this.gateway);
    cpSync('dist', join(this.gateway, 'dist'), { recursive: true });
    cpSync('package.json', join(this.gateway, 'package.json'));
    symlinkSync(resolve('node_modules'), join(this.gateway, 'node_modules'));
  }

  /** Writes a package of one file. */
  write(name: string, source: string): void {
    const file = join(this.folder, 'node_modules', name, 'index.js');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, source);
    const description = { name, version: '1.0.0', type: 'module', exports: './index.js' };
    writeFileSync(join(dirname(file), 'package.json'), JSON.stringify(description));
  }

  /**
   * What an author does with a package: takes its folder, has the gateway and what NestJS declares at hand, and packs it. What an
   * operator does with it then: installs it. Nothing is fetched.
   */
  async install(source: string): Promise<void> {
    const folder = join(this.folder, 'author', basename(source));
    cpSync(source, folder, { recursive: true, filter: (path) => !/[/\\](node_modules|dist|test)$/.test(path) });
    const modules = join(folder, 'node_modules');
    mkdirSync(join(modules, '@types'), { recursive: true });
    symlinkSync(this.gateway, join(modules, 'handover-gateway'));
    for (const name of ['.bin', '@nestjs', '@types/node'])
      symlinkSync(resolve('node_modules', name), join(modules, name));
    const packed = await npm(['pack', '--json', '--ignore-scripts=false'], folder);
    const { filename } = (JSON.parse(packed.slice(packed.indexOf('['))) as [{ filename: string }])[0];
    await npm(['install', '--no-package-lock', join(folder, filename)], this.folder);
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
