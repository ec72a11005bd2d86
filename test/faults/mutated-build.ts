import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Mutation } from './mutations.js';

/**
 * Copies the build into a folder of its own and changes it there.
 * @throws {Error} when a text to be replaced is not there exactly once: the mutation has to be adapted to the code
 */
export function mutatedBuild({ replacements }: Mutation): { root: string; remove(): void } {
  const root = mkdtempSync(join(tmpdir(), 'handover-mutated-'));
  const remove = (): void => rmSync(root, { recursive: true, force: true });
  try {
    cpSync('dist', join(root, 'dist'), { recursive: true });
    cpSync('package.json', join(root, 'package.json'));
    symlinkSync(resolve('node_modules'), join(root, 'node_modules'));
    for (const { file, find, replace } of replacements) {
      const path = join(root, 'dist/libs', file);
      const parts = readFileSync(path, 'utf8').split(find);
      if (parts.length !== 2)
        throw new Error(
          `test/faults/mutations.ts: "${find}" is ${parts.length - 1} times in dist/libs/${file}, not once. Adapt the mutation to the code.`,
        );
      writeFileSync(path, parts.join(replace));
    }
  } catch (error) {
    remove();
    throw error;
  }
  return { root, remove };
}
