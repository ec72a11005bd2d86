import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { arrows } from './arrows.js';

const root = process.cwd();

function sourceFiles(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !file.endsWith('.spec.ts'))
    .map((file) => join(folder, file));
}

function importsOf(file: string): string[] {
  const source = readFileSync(join(root, file), 'utf8');
  return [...source.matchAll(/(?:from|import)\s*\(?\s*['"]([^'"]+)['"]/g)].map((match) => match[1]!);
}

/** The last entry that a file is in, which is the one that the lint rule applies. */
function arrowOf(file: string) {
  return arrows.findLast(({ from }) => new RegExp(`^${from.replaceAll('*', '[^/]+')}/`).test(file));
}

describe('import arrows', () => {
  const all = [...sourceFiles('libs'), ...sourceFiles('apps')];
  it.each(arrows)('$from: $why', (arrow) => {
    const pattern = new RegExp(arrow.forbidden);
    const files = all.filter((file) => arrowOf(file) === arrow);
    expect(files.length).toBeGreaterThan(0);
    const offending = files.flatMap((file) =>
      importsOf(file)
        .filter((specifier) => pattern.test(specifier))
        .map((specifier) => `${file} imports ${specifier}`),
    );
    expect(offending).toEqual([]);
  });

  it('finds a forbidden import when there is one', () => {
    const core = arrows.find(({ from }) => from === 'libs/core')!;
    expect(new RegExp(core.forbidden).test('typeorm')).toBe(true);
    expect(new RegExp(core.forbidden).test('#persistence')).toBe(true);
    expect(new RegExp(core.forbidden).test('#contract')).toBe(false);
  });

  it('lets no library import an application', () => {
    const offending = sourceFiles('libs').flatMap((file) =>
      importsOf(file).filter((specifier) => specifier.includes('apps/')),
    );
    expect(offending).toEqual([]);
  });
});
