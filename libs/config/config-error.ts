/** Why the gateway cannot start as configured: every problem found, one per line. Names keys and lines, never a secret's value. */
export class ConfigError extends Error {
  constructor(readonly problems: readonly string[]) {
    super(problems.join('\n'));
    this.name = 'ConfigError';
  }
}
