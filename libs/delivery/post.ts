import type { Dispatcher } from 'undici';

export interface Answer {
  status: number;
  /** Names in lower case. */
  headers: Record<string, string | string[] | undefined>;
}

/** An answer's body says nothing; of a long one no more is read than this, in bytes. */
const MAX_BODY = 65_536;

/** Until a connection stands, a proxy's part included, in milliseconds. An agent's own limit ends before. */
const CONNECTING_MS = 15_000;

/**
 * Posts a body and reads the answer to its end, which may take `withinMs`. Straight over the dispatcher: undici's `request` builds a
 * stream for a body that nobody wants, at twice the cost.
 * @throws {Error} with a `code` when no answer came
 */
export function post(
  dispatcher: Dispatcher,
  url: URL,
  headers: Record<string, string>,
  body: string,
  withinMs: number,
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const answer: Answer = { status: 0, headers: {} };
    let size = 0;
    const late = (): Error => Object.assign(new Error('no answer in time'), { code: 'TIMEOUT' });
    let isLate = false;
    let timer = setTimeout(() => {
      isLate = true;
      reject(late());
    }, CONNECTING_MS);
    const end = (): void => {
      clearTimeout(timer);
      resolve(answer);
    };
    dispatcher.dispatch(
      { origin: url.origin, path: url.pathname + url.search, method: 'POST', headers, body },
      {
        onRequestStart(controller) {
          clearTimeout(timer);
          if (isLate) return controller.abort(late());
          timer = setTimeout(() => controller.abort(late()), withinMs);
        },
        onResponseStart(_controller, status, answered) {
          answer.status = status;
          answer.headers = answered;
        },
        onResponseData(controller, part) {
          size += part.length;
          if (size <= MAX_BODY) return;
          end();
          controller.abort(new Error('too long'));
        },
        onResponseEnd: end,
        onResponseError(_controller, error) {
          clearTimeout(timer);
          reject(error);
        },
      },
    );
  });
}
