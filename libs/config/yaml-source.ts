import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, type Document, type Node, type Pair } from 'yaml';
import { below } from './pointer.js';
import { holdsReference, resolveReferences } from './references.js';

const MAX_DEPTH = 64;
const MAX_ALIASES = 100;
const MAX_NODES = 100_000;

/** One thing wrong in the file. `line` counts from 1; without it the line is that of the pointer. */
export interface Problem {
  pointer: string;
  detail: string;
  line?: number;
}

/** A YAML file as plain values, with the line of each of them. */
export interface YamlSource {
  value: unknown;
  problems: Problem[];
  /** Line of a pointer's key or list item, undefined where the file has no such place. */
  lineOf(pointer: string): number | undefined;
}

/**
 * Reads one YAML 1.2 document (core schema) and puts environment variables in the place of `${NAME}` in its texts. That happens
 * after parsing, so no character of a secret can break the file. Limits: 64 levels, 100 aliases, 100,000 values.
 */
export function readYaml(text: string, env: NodeJS.ProcessEnv): YamlSource {
  const lines = new LineCounter();
  try {
    const options = { lineCounter: lines, prettyErrors: false, uniqueKeys: false, schema: 'core' as const };
    const document = parseDocument(text, options);
    const broken = syntaxProblems(document, lines, text);
    if (broken.length > 0) return { value: null, problems: broken, lineOf: () => undefined };
    const reader = new DocumentReader(document, lines, env);
    return {
      value: reader.read(document.contents, '', 0),
      problems: reader.problems,
      lineOf: (at) => reader.lines.get(at),
    };
  } catch (error) {
    const detail = error instanceof TooMuch ? error.message : 'is nested too deeply to be read';
    if (!(error instanceof TooMuch) && !(error instanceof RangeError)) throw error;
    return { value: null, problems: [{ pointer: '', detail, line: 1 }], lineOf: () => undefined };
  }
}

class TooMuch extends Error {}

/** The first problem of each line, at most five: the parser's later ones mostly follow from the first. */
function syntaxProblems(document: Document, counter: LineCounter, text: string): Problem[] {
  const byLine = new Map<number, Problem>();
  for (const { code, message, pos } of [...document.errors, ...document.warnings]) {
    const line = counter.linePos(pos[0]).line || 1;
    const source = text.split('\n')[line - 1] ?? '';
    if (!byLine.has(line)) byLine.set(line, { pointer: '', detail: syntaxDetail(code, message, source), line });
  }
  return [...byLine.values()].slice(0, 5);
}

/** Some of the parser's messages end in a piece of the file, which may be a secret: that piece is cut off. */
function syntaxDetail(code: string, message: string, source: string): string {
  if (code === 'MULTIPLE_DOCS') return 'the file must be one YAML document: remove the line "---" and what follows it';
  if (code === 'TAG_RESOLVE_FAILED') return 'tags are not supported: a value that starts with ! needs quotes';
  const unquoted = holdsReference(source) && /[{[]/.test(source.replace('${', ''));
  const hint = unquoted ? '; inside { } or [ ] a ${NAME} needs quotes: "${NAME}"' : '';
  return `is not valid YAML: ${message
    .replace(/(: |escape sequence |directive ).*$/s, '$1')
    .replace(/: $/, '')
    .trim()}${hint}`;
}

class DocumentReader {
  readonly problems: Problem[] = [];
  readonly lines = new Map<string, number>();
  private aliases = 0;
  private nodes = 0;

  constructor(
    private readonly document: Document,
    private readonly counter: LineCounter,
    private readonly env: NodeJS.ProcessEnv,
  ) {}

  read(node: unknown, pointer: string, depth: number): unknown {
    if (depth > MAX_DEPTH) throw new TooMuch(`is nested deeper than ${MAX_DEPTH} levels`);
    if (++this.nodes > MAX_NODES) throw new TooMuch(`holds more than ${MAX_NODES} values`);
    this.remember(pointer, node);
    if (isAlias(node)) {
      if (++this.aliases > MAX_ALIASES) throw new TooMuch(`uses more than ${MAX_ALIASES} aliases (*name)`);
      const target = node.resolve(this.document);
      if (target) return this.read(target, pointer, depth + 1);
      this.report(pointer, 'refers to an anchor that does not exist: a value that starts with * needs quotes');
      return null;
    }
    if (isMap(node)) return this.readMap(node.items, pointer, depth);
    if (isSeq(node)) return node.items.map((item, index) => this.read(item, below(pointer, index), depth + 1));
    const value: unknown = isScalar(node) ? node.value : null;
    return typeof value === 'string' ? this.readText(value, pointer) : value;
  }

  private readMap(pairs: Pair[], pointer: string, depth: number): Record<string, unknown> {
    const map: Record<string, unknown> = {};
    for (const { key, value } of pairs) {
      const name = isScalar(key) && key.value !== null ? String(key.value) : null;
      if (name === null) {
        this.report(pointer, 'has a key that is no text', this.lineAt(key));
        continue;
      }
      const at = below(pointer, name);
      const line = this.lineAt(key);
      if (Object.hasOwn(map, name)) {
        this.report(at, `is written twice, first on line ${this.lines.get(at)}: remove one of them`, line);
        continue;
      }
      if (name === '__proto__') this.report(at, 'is not allowed as a key', line);
      if (holdsReference(name)) this.report(at, 'environment variables are replaced in values only, not in keys', line);
      this.remember(at, key);
      Object.defineProperty(map, name, {
        value: this.read(value, at, depth + 1),
        enumerable: true,
        configurable: true,
        writable: true,
      });
    }
    return map;
  }

  private readText(value: string, pointer: string): string {
    const { text, problems } = resolveReferences(value, this.env);
    for (const detail of problems) this.report(pointer, detail);
    return text;
  }

  private report(pointer: string, detail: string, line?: number): void {
    this.problems.push({ pointer, detail, line });
  }

  /** The first place counts: a key comes before its value, an alias before what it stands for. */
  private remember(pointer: string, node: unknown): void {
    if (!this.lines.has(pointer)) this.lines.set(pointer, this.lineAt(node) ?? 1);
  }

  private lineAt(node: unknown): number | undefined {
    const start = (node as Node | null)?.range?.[0];
    return start === undefined ? undefined : this.counter.linePos(start).line;
  }
}
