import { pino, type DestinationStream, type Logger } from 'pino';
import type { LoggerService } from '@nestjs/common';

export type { Logger } from 'pino';
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * Names under which a secret or a message's text could appear in a log line. They are cut out wherever they stand up to
 * three levels deep, as a last net: code never logs them in the first place.
 */
const NEVER_LOGGED = [
  'apiKey', 'callbackSecret', 'webhookToken', 'urlToken', 'token', 'secret', 'password', 'authorization', 'x-api-key',
  'text', 'transcript', 'content', 'body',
]; // prettier-ignore

/** JSON lines on standard output (or elsewhere), one per event, at `level` and above. */
export function createLogger(level: LogLevel, destination?: DestinationStream): Logger {
  const quoted = NEVER_LOGGED.map((name) => `["${name}"]`);
  const options = {
    level,
    base: undefined,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: quoted.flatMap((name) => [name, `*${name}`, `*.*${name}`]), censor: '[removed]' },
  };
  return destination ? pino(options, destination) : pino(options);
}

/** Nest's own log lines through the same logger, so that there is one format. */
export class NestLogger implements LoggerService {
  constructor(private readonly logger: Logger) {}
  log = (message: unknown, context?: unknown): void => this.logger.debug({ context }, String(message));
  error = (message: unknown, ...rest: unknown[]): void => this.logger.error({ context: rest.at(-1) }, String(message));
  warn = (message: unknown, context?: unknown): void => this.logger.warn({ context }, String(message));
  debug = (message: unknown, context?: unknown): void => this.logger.trace({ context }, String(message));
  verbose = (message: unknown, context?: unknown): void => this.logger.trace({ context }, String(message));
}
