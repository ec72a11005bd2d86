import { relative } from 'node:path';
import {
  durationMs,
  isPlainObject,
  nestedOf,
  parseAs,
  settingsOf,
  withDefaults,
  type Class,
  type FieldError,
} from '#contract';
import { callbackAddress } from './callback-address.js';
import { ConfigError } from './config-error.js';
import {
  AttachmentsConfig,
  BotConfig,
  CopilotConfig,
  EndpointConfig,
  InactivityConfig,
  ProviderConfig,
  RetentionConfig,
} from './entries.js';
import { below, keyOf, parentOf, toPath } from './pointer.js';
import { secretFlaw, sharedSecrets, type KnownSecret } from './secret-rules.js';
import { secretsIn } from './secrets-in.js';
import { fileTrouble, readTextFile } from './text-file.js';
import { readYaml, type Problem, type YamlSource } from './yaml-source.js';

const MAX_BYTES = 1024 * 1024;
const MIN_TOKEN_LENGTH = 16;
const VISIBLE = /^[\x21-\x7e]+$/;

/** What the file declares. */
export interface FileConfig {
  path: string | null;
  bots: BotConfig[];
  providers: ProviderConfig[];
  retention: RetentionConfig;
  /** What is allowed but probably not meant, for the log. */
  warnings: string[];
}

/** A contact centre type that a provider in the file may name; `checkSettings` gets settings that are valid and complete. */
export interface ProviderType {
  key: string;
  settings: Class;
  handoverSettings: Class;
  checkSettings?(settings: object): FieldError[];
}

/**
 * Reads and checks the configuration file; null gives an empty configuration.
 * @param env where `${NAME}` is looked up; with `NODE_ENV=production` there, unsafe secrets are errors and not warnings
 * @param otherTypes what becomes of a provider of another type: `unchecked` is for who wants only those of the given ones
 * @param own the gateway's own secrets, which no other may equal
 * @throws {ConfigError} with every problem as `file:line: key: what is wrong`
 */
export function readConfigFile(
  path: string | null,
  env: NodeJS.ProcessEnv,
  types: ProviderType[],
  otherTypes: 'refused' | 'unchecked' = 'refused',
  own: KnownSecret[] = [],
): FileConfig {
  if (path === null) return { path, bots: [], providers: [], retention: new RetentionConfig(), warnings: [] };
  const shown = relative(process.cwd(), path);
  return new FileReader(path, shown.startsWith('..') ? path : shown, env, types, otherTypes, own).read();
}

class FileReader {
  private readonly problems: Problem[] = [];
  private readonly warnings: string[] = [];
  private readonly source: YamlSource;
  private readonly production: boolean;

  constructor(
    private readonly path: string,
    private readonly shownPath: string,
    env: NodeJS.ProcessEnv,
    private readonly types: ProviderType[],
    private readonly otherTypes: 'refused' | 'unchecked',
    private readonly own: KnownSecret[],
  ) {
    this.production = env['NODE_ENV'] === 'production';
    this.source = readYaml(readText(path, shownPath), env);
    this.problems.push(...this.source.problems);
  }

  read(): FileConfig {
    const root = this.source.value ?? {};
    const readable = isPlainObject(root);
    if (!readable) this.report('', `must be a mapping with the keys ${TOP_LEVEL.join(', ')}`);
    const lists = readable ? root : {};
    for (const key of Object.keys(lists)) {
      if (!TOP_LEVEL.includes(key)) this.report(below('', key), UNKNOWN_TOP_LEVEL);
    }
    const bots = this.list(lists, 'bots').map((item, index) => this.bot(item, `/bots/${index}`));
    const providers = this.list(lists, 'providers').map((item, index) => this.provider(item, `/providers/${index}`));
    this.refuseUnknownProviders(providers, bots);
    this.refuseUnknownEndpoints(providers, bots);
    const retention = this.parse(RetentionConfig, lists.retention ?? {}, '/retention');
    this.checkTolerances(providers, retention);
    this.refuseRepeated(bots, 'bots', 'name');
    this.refuseRepeated(bots, 'bots', 'apiKey');
    this.refuseRepeated(providers, 'providers', 'name');
    this.checkSecrets(bots, providers);
    if (this.problems.length > 0) throw new ConfigError(this.sorted());
    return { path: this.path, bots, providers, retention, warnings: this.warnings };
  }

  /** An empty list may also be written as nothing at all, as when all entries are commented out. */
  private list(root: Record<string, unknown>, key: string): unknown[] {
    const value = root[key] ?? [];
    if (Array.isArray(value)) return value;
    this.report(below('', key), 'must be a list: start each entry with "- name: …"');
    return [];
  }

  private bot(item: unknown, at: string): BotConfig {
    const bot = this.parse(BotConfig, item, at);
    if (bot.callbackUrl !== undefined && bot.callbackSecret === undefined)
      this.report(below(at, 'callbackSecret'), 'is missing: what is sent to callbackUrl must be signed');
    if (typeof bot.callbackUrl === 'string' && !this.hasProblemIn(below(at, 'callbackUrl'))) {
      const { flaw } = callbackAddress(bot.callbackUrl);
      if (flaw) this.report(below(at, 'callbackUrl'), flaw);
    }
    return bot;
  }

  private provider(item: unknown, at: string): ProviderConfig {
    const provider = this.parse(ProviderConfig, withoutEmpty(item, ['settings', 'defaults']), at);
    this.checkCopilot(provider, below(at, 'copilot'));
    if (typeof provider.type !== 'string' || provider.type === '') return provider;
    const type = this.types.find(({ key }) => key === provider.type);
    if (type) this.checkAgainst(type, provider, at);
    else if (this.otherTypes === 'refused')
      this.report(
        below(at, 'type'),
        `"${provider.type}" is not a known type: use one of ${this.types.map(({ key }) => key).join(', ') || '(none installed)'}`,
      );
    return provider;
  }

  /** A signed event can come again for twice its tolerance. The inbox must know it for as long, or it would count as new. */
  private checkTolerances(providers: ProviderConfig[], retention: RetentionConfig): void {
    if (this.hasProblemIn('/retention')) return;
    for (const [index, { settings }] of providers.entries()) {
      const at = `/providers/${index}/settings/webhookTolerance`;
      const tolerance: unknown = settings?.['webhookTolerance'];
      if (typeof tolerance !== 'string' || this.hasProblemIn(at)) continue;
      if (2 * durationMs(tolerance) > durationMs(retention.inbox))
        this.report(at, `must be at most half of retention.inbox, which is ${retention.inbox}`);
    }
  }

  private checkCopilot({ copilot }: ProviderConfig, at: string): void {
    if (!isPlainObject(copilot)) return;
    if (!copilot.builtIn && copilot.baseUrl === undefined)
      this.report(below(at, 'baseUrl'), 'is missing: give it, or set builtIn for the page of the gateway');
    if (copilot.builtIn !== true) return;
    if (copilot.baseUrl !== undefined)
      this.report(
        below(at, 'baseUrl'),
        'cannot be used with builtIn: remove it for the page of the gateway, or builtIn for a page of yours',
      );
    for (const name of ['urlToken', 'previousUrlToken'] as const) this.checkToken(copilot[name], below(at, name));
  }

  /** Whoever guesses the token of the built-in page reads conversations. */
  private checkToken(token: string | undefined, at: string): void {
    if (typeof token !== 'string' || this.hasProblemIn(at)) return;
    if (!VISIBLE.test(token)) this.report(at, 'must be visible ASCII characters without spaces with builtIn');
    else if (token.length < MIN_TOKEN_LENGTH)
      this.report(
        at,
        `must have ${MIN_TOKEN_LENGTH} characters or more with builtIn, for example the output of "openssl rand -hex 32"`,
      );
  }

  private refuseUnknownProviders(providers: ProviderConfig[], bots: BotConfig[]): void {
    const known = providers.map(({ name }) => name);
    for (const [index, bot] of bots.entries()) {
      const at = `/bots/${index}/providers`;
      if (!Array.isArray(bot.providers) || this.hasProblemIn(at)) continue;
      for (const [item, name] of bot.providers.entries())
        if (!known.includes(name))
          this.report(
            below(at, item),
            `"${name}" is not a provider of this file: use one of ${known.join(', ') || '(none)'}`,
          );
    }
  }

  /** One rule for all of them: whoever has one must not be able to guess another, or to hold it as well. */
  private checkSecrets(bots: BotConfig[], providers: ProviderConfig[]): void {
    const all = secretsIn(bots, providers, this.types).filter(({ place }) => !this.hasProblemIn(place));
    const isOwn = (secret: KnownSecret): boolean => this.own.includes(secret);
    const say = (place: string, detail: string): void =>
      this.production ? this.report(place, detail) : this.warn(place, detail);
    for (const secret of all) {
      const flaw = secretFlaw(secret);
      if (flaw) say(secret.place, flaw);
    }
    for (const [secret, first] of sharedSecrets([...this.own, ...all])) {
      // Of bots' keys it is an error anyway, which has been reported.
      if (isOwn(secret) || this.hasRepeated(secret.place)) continue;
      const where = isOwn(first) ? first.place : `${toPath(first.place)} on line ${this.lineOf(first.place)}`;
      say(secret.place, `is the same as ${where}: no secret may be used twice, so give it one of its own`);
    }
  }

  private hasRepeated(at: string): boolean {
    return this.problems.some(({ pointer, detail }) => pointer === at && detail.startsWith('is the same as'));
  }

  private refuseUnknownEndpoints(providers: ProviderConfig[], bots: BotConfig[]): void {
    const known = bots.map(({ name }) => name);
    for (const [index, { endpoint, name }] of providers.entries()) {
      const at = `/providers/${index}/endpoint/bot`;
      if (typeof endpoint?.bot !== 'string' || this.hasProblemIn(at)) continue;
      const bot = bots.find(({ name: named }) => named === endpoint.bot);
      if (!bot)
        this.report(at, `"${endpoint.bot}" is not a bot of this file: use one of ${known.join(', ') || '(none)'}`);
      else if (Array.isArray(bot.providers) && !bot.providers.includes(name))
        this.report(at, `"${endpoint.bot}" may not use this provider: add "${name}" to the bot's providers`);
    }
  }

  private checkAgainst(type: ProviderType, provider: ProviderConfig, at: string): void {
    const settingsAt = below(at, 'settings');
    if (isPlainObject(provider.settings)) {
      const settings = this.parse(type.settings, provider.settings, settingsAt);
      if (type.checkSettings && !this.hasProblemIn(settingsAt)) {
        const found = type.checkSettings(withDefaults(type.settings, settings));
        for (const { pointer, detail } of found) this.report(settingsAt + pointer, detail);
      }
    }
    if (isPlainObject(provider.defaults)) this.parse(type.handoverSettings, provider.defaults, below(at, 'defaults'));
  }

  private parse<T extends object>(type: Class<T>, plain: unknown, at: string): T {
    const { value, errors } = parseAs(type, plain, at);
    for (const { pointer, detail } of errors) {
      const unknown = detail.startsWith('is not a known field');
      // What follows from a problem already reported, such as a missing variable, is not reported on top of it.
      if (!unknown && this.problems.some((earlier) => earlier.pointer === pointer)) continue;
      const known = unknown ? knownKeys(type, at, pointer) : '';
      this.report(pointer, detail.replace('a JSON object', 'a mapping') + known);
    }
    return value;
  }

  private refuseRepeated<K extends string>(entries: Partial<Record<K, string>>[], list: string, key: K): void {
    const first = new Map<string, number>();
    for (const [index, entry] of entries.entries()) {
      const value = entry[key];
      const at = `/${list}/${index}/${key}`;
      if (typeof value !== 'string' || value === '' || this.hasProblemIn(at)) continue;
      const earlier = first.get(value);
      if (earlier === undefined) first.set(value, index);
      else
        this.report(
          at,
          `${key === 'name' ? `"${value}" ` : ''}is the same as ${list}[${earlier}].${key} on line ${this.lineOf(`/${list}/${earlier}/${key}`)}: each entry needs its own`,
        );
    }
  }

  private hasProblemIn(at: string): boolean {
    return this.problems.some(({ pointer }) => pointer === at || pointer.startsWith(`${at}/`));
  }

  private report(pointer: string, detail: string): void {
    this.problems.push({ pointer, detail });
  }

  private warn(pointer: string, detail: string): void {
    this.warnings.push(this.format({ pointer, detail }));
  }

  private sorted(): string[] {
    const line = (problem: Problem): number => problem.line ?? this.lineOf(problem.pointer);
    return [...this.problems].sort((a, b) => line(a) - line(b)).map((problem) => this.format(problem));
  }

  /** A missing key is shown at its bot's or provider's first line; where it belongs deeper, that line is added. */
  private format({ pointer, detail, line }: Problem): string {
    const where = toPath(pointer);
    const missing = detail.startsWith('is missing') && this.source.lineOf(pointer) === undefined;
    const at = line ?? this.lineOf(missing ? entryOf(pointer) : pointer);
    const parent = parentOf(pointer);
    const deeper =
      missing && parent !== entryOf(pointer) ? `: add it to ${keyOf(parent)} on line ${this.lineOf(parent)}` : '';
    return `${this.shownPath}:${at}: ${where ? `${where}: ` : ''}${detail}${deeper}`;
  }

  /** Where the file has no such place, the line of what should contain it. */
  private lineOf(pointer: string): number {
    return this.source.lineOf(pointer) ?? (pointer === '' ? 1 : this.lineOf(parentOf(pointer)));
  }
}

const TOP_LEVEL = ['bots', 'providers', 'retention'];
const UNKNOWN_TOP_LEVEL = `is not a known key: remove it or check its spelling; known here: ${TOP_LEVEL.join(', ')}`;

/** `/providers/0/settings/apiKey` → `/providers/0` */
function entryOf(pointer: string): string {
  return pointer.split('/').slice(0, 3).join('/');
}

function readText(path: string, shown: string): string {
  const text = readTextFile(path, shown, MAX_BYTES);
  if (text === null)
    throw new ConfigError([`${shown}: ${fileTrouble({ name: '', message: '', code: 'ENOENT' }, path)}`]);
  return text;
}

/** A key with nothing behind it, as when all that stood under it is commented out, counts as absent. */
function withoutEmpty(item: unknown, keys: string[]): unknown {
  if (!isPlainObject(item)) return item;
  return Object.fromEntries(Object.entries(item).filter(([key, value]) => !(value === null && keys.includes(key))));
}

/** The keys of the class in which the unknown one stands. */
function knownKeys(type: Class, at: string, pointer: string): string {
  const inner: Record<string, Class> = {
    [below(at, 'inactivity')]: InactivityConfig,
    [below(at, 'copilot')]: CopilotConfig,
    [below(at, 'endpoint')]: EndpointConfig,
    [below(at, 'attachments')]: AttachmentsConfig,
  };
  const owner = inner[parentOf(pointer)] ?? type;
  const keys = new Set([...Object.keys(settingsOf(owner)), ...nestedOf(owner), ...Object.keys(new owner())]);
  return keys.size > 0 ? `; known here: ${[...keys].join(', ')}` : '';
}
