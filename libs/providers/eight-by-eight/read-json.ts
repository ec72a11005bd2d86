import { ProviderError, type ProviderLog } from '#contract';
import { errorOf, readProblem } from './api-error.js';
import { TransportFailure, type HttpRequest, type Transport } from './transport.js';

export interface Reader {
  transport: Transport;
  /** Epoch milliseconds. */
  now(): number;
  log: ProviderLog;
}

/**
 * One call of an API beside the Chat Gateway that changes nothing, and the JSON of its answer.
 * @param secrets what the other side may repeat in an error and nobody must see
 * @throws {ProviderError}
 */
export async function readJson(reader: Reader, request: HttpRequest, secrets: string[]): Promise<unknown> {
  const { transport, now, log } = reader;
  const where = { method: request.method, path: new URL(request.url).pathname };
  const answer = await transport.send(request).catch((failure: unknown) => {
    if (!(failure instanceof TransportFailure)) throw failure;
    log.warn({ status: null, code: failure.reason, ...where }, '8x8 gave no answer');
    throw new ProviderError('unreachable', `8x8 gave no answer (${failure.reason})`);
  });
  if (answer.status < 200 || answer.status > 299) {
    const text = secrets.reduce((left, secret) => left.replaceAll(secret, '••••'), answer.text);
    const problem = readProblem(text);
    log.warn({ status: answer.status, code: problem.code ?? null, ...where }, '8x8 refused a call');
    throw errorOf(answer, problem, now());
  }
  try {
    return JSON.parse(answer.text) as unknown;
  } catch {
    throw new ProviderError('unknown_outcome', `8x8 answered ${answer.status}, but with something that is no JSON`);
  }
}
