import { isPlainObject, type FieldError } from '#contract';
import { isEmail } from 'class-validator';

const USER = '/settings/jsonProperties/user';
const ASSIGNMENT = '/settings/jsonProperties/assignment';
const STRINGS = ['name', 'userId', 'email', 'phone', 'company', 'caseId', 'language', 'customerId', 'ipaddress'];

/** What is wrong with the merged customer data; `ownEmail` tells whether a bad address came from the handover itself. */
export function checkUser(user: unknown, ownEmail: string | undefined): FieldError[] {
  if (!isPlainObject(user)) return [{ pointer: USER, detail: 'must be an object' }];
  const errors = Object.entries(user).flatMap(([name, value]): FieldError[] => {
    const at = pointerTo(USER, name);
    if (name === 'additionalProperties') return [];
    if (STRINGS.includes(name)) return typeof value === 'string' ? [] : [{ pointer: at, detail: 'must be a string' }];
    if (name !== 'timezoneOffset') return [{ pointer: at, detail: "is not part of 8x8's customer data" }];
    return ['string', 'number'].includes(typeof value) ? [] : [{ pointer: at, detail: 'must be a number or a string' }];
  });
  const { email } = user;
  if (typeof email === 'string' && email !== '' && !isEmail(email)) {
    errors.push({ pointer: email === ownEmail ? '/user/email' : `${USER}/email`, detail: 'must be an e-mail address' });
  }
  return errors;
}

/** What is wrong with the merged assignment, if there is one. */
export function checkAssignment(assignment: unknown): FieldError[] {
  if (assignment === undefined) return [];
  if (!isPlainObject(assignment)) return [{ pointer: ASSIGNMENT, detail: 'must be an object' }];
  const { type = 'queue', id, ...unknown } = assignment;
  const errors = Object.keys(unknown).map((name) => ({
    pointer: pointerTo(ASSIGNMENT, name),
    detail: "is not part of 8x8's assignment",
  }));
  if (type !== 'queue' && type !== 'script') {
    errors.push({ pointer: `${ASSIGNMENT}/type`, detail: 'must be queue or script' });
  }
  if (typeof id !== 'string' || id.trim() === '') {
    errors.push({ pointer: `${ASSIGNMENT}/id`, detail: 'must be a string that is not blank' });
  }
  return errors;
}

/** A JSON pointer one step further down. */
export function pointerTo(parent: string, segment: string): string {
  return `${parent}/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
