import { CommandFailed } from './command-failed.js';
import { EXIT, type ExitCode } from './exit.js';
import type { Row } from './output.js';

/** The gateway's answer when it refuses, with its problem, or why there is no answer. */
export class ApiError extends CommandFailed {
  constructor(
    message: string,
    readonly problem?: Row,
    exit: ExitCode = EXIT.failed,
  ) {
    super(message, exit);
    this.name = 'ApiError';
  }
}

const ANSWER_WITHIN_MS = 60_000;

/** The gateway's REST API with the admin key. @throws {ApiError} from every call */
export class Api {
  constructor(
    private readonly url: string,
    private readonly key: string,
  ) {}

  get(path: string): Promise<Row> {
    return this.call('GET', path);
  }

  /** A page; parameters that are undefined are left out. */
  async list(path: string, query: Record<string, unknown>): Promise<{ data: Row[]; next: string | null }> {
    const given = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) given.set(name, String(value));
    const page = await this.call('GET', `${path}?${given.toString()}`);
    return page as { data: Row[]; next: string | null };
  }

  post(path: string, body?: object): Promise<Row> {
    return this.call('POST', path, body);
  }

  private async call(method: string, path: string, body?: object): Promise<Row> {
    const headers = {
      authorization: `Bearer ${this.key}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    };
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    const answer = await fetch(this.url + path, { method, headers, signal, body: JSON.stringify(body) }).catch(
      (error: Error) => {
        const { code, message } = (error.cause ?? error) as { code?: string; message: string };
        const what = `There is no gateway at ${this.url} (${code ?? message}): set --url, or start it.`;
        throw new ApiError(what, undefined, EXIT.unreachable);
      },
    );
    const text = await answer.text();
    const parsed = parse(text);
    if (answer.ok && parsed) return parsed;
    if (!parsed || typeof parsed.detail !== 'string')
      throw new ApiError(`${this.url} answered ${answer.status}, but not as a gateway does: check --url.`);
    throw new ApiError(explain(parsed), parsed);
  }
}

/** The problem's own words, with the fields that it names. */
function explain({ status, detail, errors }: Row): string {
  const fields = Array.isArray(errors)
    ? (errors as { pointer: string; detail: string }[]).map((error) => `${error.pointer.slice(1)} ${error.detail}`)
    : [];
  const hint = status === 401 || status === 403 ? ' Set --admin-key or HANDOVER_ADMIN_KEY.' : '';
  return (fields.length > 0 ? fields.join('; ') : String(detail)) + hint;
}

function parse(text: string): Row | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Row) : null;
  } catch {
    return null;
  }
}
