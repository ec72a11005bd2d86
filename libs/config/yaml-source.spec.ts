import { describe, expect, it } from '@jest/globals';
import { readYaml } from './yaml-source.js';

const problemsOf = (text: string, env: NodeJS.ProcessEnv = {}): string[] =>
  readYaml(text, env).problems.map(({ pointer, detail, line }) => `${line ?? ''} ${pointer} ${detail}`);

describe('references to the environment', () => {
  it.each([
    ['${A}', 'one'],
    ['"${A}"', 'one'],
    ['x-${A}-${B}', 'x-one-two'],
    ['${A}${A}', 'oneone'],
    ['|\n  ${A}', 'one\n'],
    ['$${A}', '${A}'],
    ['$$${A}', '$${A}'],
    ['$A {A} $', '$A {A} $'],
    ['${NUMBER}', '42'],
    ['${NESTED}', '${A}'],
    ['${HARD}', `'": { # *\n- x: y`],
  ])('reads %s', (written, expected) => {
    const env = { A: 'one', B: 'two', NUMBER: '42', NESTED: '${A}', HARD: `'": { # *\n- x: y` };
    expect(readYaml(`key: ${written}\n`, env)).toMatchObject({ value: { key: expected }, problems: [] });
  });

  it('names a variable that is missing or empty, once for each', () => {
    expect(problemsOf('a:\n  - ${X}${Y}\n', { Y: '' })).toEqual([
      ' /a/0 the environment variable X is not set or empty: set it, or write $${X} if the text is meant as it stands',
      ' /a/0 the environment variable Y is not set or empty: set it, or write $${Y} if the text is meant as it stands',
    ]);
    expect(problemsOf('a: ${toString}')).toEqual([expect.stringContaining('variable toString is not set')]);
  });

  it.each(['${}', '${1A}', '${A-b}', '${A:-b}', '${A'])('refuses the malformed %s without showing it', (text) => {
    expect(problemsOf(`a: 'secret ${text}'\n`)).toEqual([
      ' /a holds "${" without a variable name: write ${NAME}, or $${ for a literal ${',
    ]);
  });

  it('does not look into comments, and says that keys are not replaced', () => {
    expect(problemsOf('a: 1 # ${X}\n')).toEqual([]);
    expect(problemsOf('a:\n  ${X}: 1\n')).toEqual([expect.stringMatching(/^2 .*not in keys/)]);
  });
});

describe('YAML', () => {
  it('knows the line of every place', () => {
    const { lineOf } = readYaml('# first\na:\n  - x: 1\n    y/z: |\n      text\n  - &b\n    x: 2\nc: *b\n', {});
    const lines = ['/a', '/a/0', '/a/0/x', '/a/0/y~1z', '/a/1', '/a/1/x', '/c', '/none'].map(lineOf);
    expect(lines).toEqual([2, 3, 3, 4, 7, 7, 8, undefined]);
  });

  it('follows aliases', () => {
    expect(readYaml('a: &x { k: [1] }\nb: *x\n', {}).value).toEqual({ a: { k: [1] }, b: { k: [1] } });
  });

  it.each([
    ['a key that comes twice', 'a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n', /^5 \/b\/c is written twice, first on line 3/],
    ['a syntax error', 'a: 1\nb: "x\n', /^\d .* is not valid YAML: Missing closing/],
    ['a bad indent', 'a:\n  b: 1\n c: 2\n', /^3 .* is not valid YAML/],
    ['an unquoted reference in braces', 'a: { b: ${X} }\n', /needs quotes: "\$\{NAME\}"/],
    ['a second document', 'a: 1\n---\nb: 2\n', /^2 .* must be one YAML document/],
    ['a tag', 'a: !secret hunter2\n', /^1 .* tags are not supported/],
    ['an alias to nothing', 'a: *hunter2\n', / \/a refers to an anchor that does not exist/],
    ['a key that is a list', '? [hunter2]\n: 1\n', /^1 {2}has a key that is no text/],
    ['a key that sets prototypes', 'a:\n  __proto__: { b: 1 }\n', /^2 \/a\/__proto__ is not allowed as a key/],
    ['a circle', 'a: &a [*a]\n', /nested deeper than 64 levels/],
    ['endless nesting', '['.repeat(200_000), /nested|not valid YAML/],
    ['too many values', `a: [${'1,'.repeat(110_000)}]\n`, /more than 100000 values/],
  ])('refuses %s', (_what, text, expected) => {
    const [first] = problemsOf(text);
    expect(first).toMatch(expected);
    expect(first).not.toContain('hunter2');
  });

  it('refuses aliases that multiply', () => {
    const level = (n: number): string =>
      `l${n}: &l${n} [${Array(9)
        .fill(`*l${n - 1}`)
        .join(', ')}]\n`;
    const bomb = `l0: &l0 [x]\n${[1, 2, 3, 4, 5, 6, 7, 8, 9].map(level).join('')}`;
    expect(problemsOf(bomb)).toEqual([expect.stringContaining('more than 100 aliases')]);
  });

  it('shows no piece of the file in a syntax error', () => {
    const broken = [
      'a: "\\qhunter2"',
      'a: |hunter2\n  x',
      'a: hunter2\n  hunter2: x: y',
      '%hunter2\n---\na: @hunter2',
      'a: 1\n}hunter2',
    ];
    for (const text of broken) {
      const problems = problemsOf(text);
      expect(problems).not.toEqual([]);
      expect(problems.join()).not.toContain('hunter2');
    }
  });
});
