import type { FieldError } from '#contract';

/** Why a request cannot be done. The HTTP layer turns `kind` into a status and adds `members` to the problem. */
export type RefusalKind =
  | 'unauthorized'
  | 'invalid'
  | 'not_found'
  | 'conflict'
  | 'forbidden'
  | 'key_reused'
  | 'too_large'
  | 'wrong_type'
  /** The caller sends too slowly. */
  | 'too_slow'
  /** The caller's own share is used up. */
  | 'over_budget'
  | 'unavailable';

/** A request refused for a reason that the caller can act on. Nothing was changed. */
export class Refusal extends Error {
  constructor(
    readonly kind: RefusalKind,
    message: string,
    readonly errors: FieldError[] = [],
    readonly members: Record<string, unknown> = {},
  ) {
    super(message);
    this.name = 'Refusal';
  }
}

/** Input that breaks a rule; `errors` names each field and its fix. */
export function invalid(errors: FieldError[]): Refusal {
  return new Refusal('invalid', 'The request has invalid fields; see errors.', errors);
}

/** The handover's contact centre lacks an ability; asking again does not help. */
export function unsupported(message: string): Refusal {
  return new Refusal('conflict', message, [], { reason: 'unsupported' });
}

/** Not there, or another bot's: the two cannot be told apart from outside. */
export function notFound(id: string, what: 'handover' | 'conversation' = 'handover'): Refusal {
  return new Refusal('not_found', `There is no ${what} "${id}" for this key.`);
}
