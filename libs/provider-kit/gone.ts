import { nullIfGone } from './refusal.js';

/**
 * What a call finds; null where it is gone, which takes more than a 404: a wrong address and a wrong tenant are 404 too. So a second call
 * has to show that the account works before anything is told to be gone. For `inspect` and `findStarted`.
 * @param find the call on what may be gone
 * @param probe a call on something that an account in order always has, such as its list of inboxes. It is made only after a 404
 * @throws {ProviderError} what either of them throws; from `find` all but `not_found`
 */
export async function findOrGone<T>(find: () => Promise<T>, probe: () => Promise<unknown>): Promise<T | null> {
  const found = await find().catch(nullIfGone);
  if (found === null) await probe();
  return found;
}
