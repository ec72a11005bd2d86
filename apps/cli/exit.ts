/** How a command ends, for scripts. */
export const EXIT = {
  done: 0,
  /** Something was refused, or a check found an error. */
  failed: 1,
  /** The command line or the configuration makes no sense. */
  usage: 2,
  /** Whoever had to be asked did not answer: the gateway, the contact centre, the database. */
  unreachable: 3,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

export const EXIT_CODES_HELP =
  'Exit code: 0 done, 1 refused or failed (or a check found an error), 2 not understood, 3 nobody answered.';
