import type { ExitCode } from './exit.js';

/** A command could not do what it was asked to; the message says why in one line. */
export class CommandFailed extends Error {
  constructor(
    message: string,
    readonly exit: ExitCode,
  ) {
    super(message);
    this.name = 'CommandFailed';
  }
}
