/** The command line makes no sense; the message says why. */
export class UsageError extends Error {
  constructor(message: string, command?: { name: string }) {
    super(`${message}\nSee: handover ${command ? `${command.name} ` : ''}--help`);
    this.name = 'UsageError';
  }
}
