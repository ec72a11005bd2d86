import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';

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

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
