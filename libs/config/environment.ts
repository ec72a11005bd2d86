import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { ConfigError } from './config-error.js';
import { ownSecrets, secretFlaw, sharedSecrets } from './secret-rules.js';
import { fileTrouble } from './text-file.js';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What the environment variables say, checked and with the defaults filled in. Paths are absolute. */
export interface Environment {
  /** 0 lets the system choose a free one. */
  port: number;
  host: string;
  /** How contact centres and browsers reach the gateway; ends without a slash. */
  publicUrl: string;
  /** With the password, percent-encoded. null: an embedded PostgreSQL under `dataDir`. */
  databaseUrl: string | null;
  dataDir: string;
  /** null: there is no configuration file. */
  configPath: string | null;
  /** null: generated on first start. */
  adminKey: string | null;
  /** 32 bytes in base64; null: generated on first start. */
  encryptionKey: string | null;
  /** What secrets in the database may still be encrypted with, each 32 bytes in base64. */
  previousEncryptionKeys: readonly string[];
  /** Names of npm packages that bring more providers. */
  providerPackages: readonly string[];
  logLevel: LogLevel;
  production: boolean;
  /** What production refuses, for the log. */
  warnings: readonly string[];
}

/**
 * Reads the gateway's environment variables. A variable that is set to nothing counts as unset.
 * @param cwd where relative paths start and where `handover.yaml` is looked for
 * @throws {ConfigError} that names every variable that is wrong and what to write instead
 */
export function readEnvironment(env: NodeJS.ProcessEnv, cwd: string): Environment {
  const problems: string[] = [];
  const warnings: string[] = [];
  const read = <T>(name: string, parse: (text: string) => T, fallback: T): T => {
    const text = env[name];
    if (!text) return fallback;
    try {
      return parse(text);
    } catch (error) {
      problems.push(`${name}: ${(error as Error).message}`);
      return fallback;
    }
  };

  const production = env['NODE_ENV'] === 'production';
  const port = read('PORT', parsePort, 3000);
  const databaseUrl = read<string | null>('DATABASE_URL', parseDatabaseUrl, null);
  const environment: Environment = {
    port,
    host: read('HOST', parseHost, '127.0.0.1'),
    publicUrl: read('PUBLIC_URL', parsePublicUrl, `http://localhost:${port}`),
    databaseUrl: read('DATABASE_PASSWORD', (text) => withPassword(databaseUrl, text), databaseUrl),
    dataDir: resolve(cwd, env['DATA_DIR'] || '.data'),
    configPath: read('HANDOVER_CONFIG', (text) => existing(resolve(cwd, text)), defaultConfig(cwd)),
    adminKey: read<string | null>('HANDOVER_ADMIN_KEY', parseKey, null),
    encryptionKey: read<string | null>('HANDOVER_ENCRYPTION_KEY', parseEncryptionKey, null),
    previousEncryptionKeys: read<string[]>('HANDOVER_PREVIOUS_ENCRYPTION_KEYS', parsePreviousKeys, []),
    providerPackages: read<string[]>('HANDOVER_PROVIDERS', parsePackages, []),
    logLevel: read<LogLevel>('LOG_LEVEL', parseLogLevel, 'info'),
    production,
    warnings,
  };
  const unsafe = production ? problems : warnings;
  const flaw = environment.adminKey && secretFlaw({ place: '', value: environment.adminKey, kind: 'opens' });
  if (flaw) unsafe.push(`HANDOVER_ADMIN_KEY: ${flaw}`);
  for (const [secret, first] of sharedSecrets(ownSecrets(environment)))
    unsafe.push(
      `${secret.place}: is the same as ${first.place}: no secret may be used twice, so give it one of its own`,
    );
  if (!production && /^\s*production\s*$/i.test(env['NODE_ENV'] ?? ''))
    problems.push('NODE_ENV: is written "production", in lower case and without blanks');
  if (production && !env['HANDOVER_ENCRYPTION_KEY'])
    problems.push(`HANDOVER_ENCRYPTION_KEY: is required when NODE_ENV=production: ${MAKE_A_KEY}`);
  if (problems.length > 0) throw new ConfigError(problems);
  return environment;
}

const MAKE_A_KEY = 'set it to 32 bytes in base64, for example the output of "openssl rand -base64 32"';

function parsePort(text: string): number {
  const port = Number(text);
  if (!/^\d{1,5}$/.test(text) || port > 65_535) throw new Error(`${JSON.stringify(text)} is no port: use 1 to 65535`);
  return port;
}

function parseHost(text: string): string {
  if (!/^[A-Za-z0-9.:%_-]{1,255}$/.test(text))
    throw new Error('must be an address or a host name without port or brackets, for example 0.0.0.0 or ::1');
  return text;
}

function parsePublicUrl(text: string): string {
  const url = parseUrl(text, ['http:', 'https:'], 'https://handover.example.com');
  if (url.search || url.hash || url.username || url.password)
    throw new Error('must not have a user, a query or a fragment: write it like https://handover.example.com');
  return url.href.replace(/\/+$/, '');
}

function parseDatabaseUrl(text: string): string {
  if (text !== text.trim()) throw new Error('must not have blanks or line breaks around it (echo adds a line break)');
  // PostgreSQL lets the host be left out, where the query says it: the folder of a socket. Other readers of addresses do not.
  const url = text.replace(/^(postgres(?:ql)?:\/\/(?:[^@/?#]*@)?)(?=[:/?]|$)/, '$1localhost');
  const example = 'postgres://user@host:5432/database, and put the password as it is into DATABASE_PASSWORD';
  parseUrl(url, ['postgres:', 'postgresql:'], example);
  return url;
}

/** The password may have any characters, so it is encoded here. */
function withPassword(url: string | null, password: string): string {
  if (/[\r\n\0]/.test(password)) throw new Error('must not hold line breaks (echo adds one, printf %s adds none)');
  const [, start, user, given, rest] = /^(\w+:\/\/)([^:@/?#]+)(:[^@]*)?(@.*)$/s.exec(url ?? '') ?? [];
  if (url === null) throw new Error('is of no use without DATABASE_URL: set that too, or unset this');
  if (user === undefined)
    throw new Error(
      'is the password of the user in DATABASE_URL, which names none: write it like postgres://user@host:5432/database',
    );
  if (given !== undefined) throw new Error('is set, and DATABASE_URL has a password too: take one of them out');
  return `${start}${user}:${encodeURIComponent(password)}${rest}`;
}

/** The text itself is never shown: it may hold a password. */
function parseUrl(text: string, protocols: string[], example: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !protocols.includes(url.protocol)) throw new Error(`is no usable URL: write it like ${example}`);
  return url;
}

function parseKey(text: string): string {
  if (!/^[\x21-\x7e]{1,512}$/.test(text))
    throw new Error('must be 1 to 512 visible ASCII characters without spaces, because it is sent in an HTTP header');
  return text;
}

function parseEncryptionKey(text: string): string {
  if (!/^[A-Za-z0-9+/_-]{43}=?$/.test(text)) throw new Error(`is not 32 bytes in base64: ${MAKE_A_KEY}`);
  return Buffer.from(text, 'base64').toString('base64');
}

function parsePreviousKeys(text: string): string[] {
  return text.split(',').map((key) => parseEncryptionKey(key.trim()));
}

/** npm documentation, package.json: what a package's name may be. */
const PACKAGE = /^(@[a-z0-9~-][a-z0-9._~-]*\/)?[a-z0-9~-][a-z0-9._~-]*$/;
const MAX_PACKAGE_NAME = 214;

function parsePackages(text: string): string[] {
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.find((name) => name.length > MAX_PACKAGE_NAME || !PACKAGE.test(name));
  if (wrong !== undefined)
    throw new Error(
      `${JSON.stringify(wrong)} is no name of an npm package: name installed packages, without version, with commas between them`,
    );
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw new Error(`${JSON.stringify(twice)} is named twice: name it once`);
  return names;
}

function parseLogLevel(text: string): LogLevel {
  const level = LOG_LEVELS.find((known) => known === text);
  if (!level) throw new Error(`${JSON.stringify(text)} is no log level: use one of ${LOG_LEVELS.join(', ')}`);
  return level;
}

function existing(path: string): string {
  try {
    statSync(path);
    return path;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new Error(`there is no file ${path}: correct the path, or unset the variable`, { cause: error });
    throw new Error(`${path} ${fileTrouble(error as NodeJS.ErrnoException, path)}`, { cause: error });
  }
}

function defaultConfig(cwd: string): string | null {
  const path = resolve(cwd, 'handover.yaml');
  return existsSync(path) ? path : null;
}
