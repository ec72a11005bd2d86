import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { claim } from './only-one.js';

describe('claim of a data directory', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'try-out-claim-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('refuses while another process has it', () => {
    writeFileSync(join(folder, 'try-out.pid'), String(process.ppid));
    expect(() => claim(folder)).toThrow(`(process ${process.ppid}) is using ${folder} already`);
  });

  it.each(['4194304', 'nonsense', ''])('takes over from %j, which is gone', (pid) => {
    writeFileSync(join(folder, 'try-out.pid'), pid);
    claim(folder)();
    expect(existsSync(join(folder, 'try-out.pid'))).toBe(false);
  });

  it('can be claimed again after it was given up', () => {
    claim(folder)();
    expect(() => claim(folder)).not.toThrow();
  });
});
