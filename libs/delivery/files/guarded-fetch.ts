import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { Agent, request, type Dispatcher } from 'undici';
import type { IncomingFile } from '#contract';
import { isPublicAddress } from './public-address.js';

const MAX_REDIRECTS = 3;
const CONNECT_TIMEOUT_MS = 5_000;
/** Until the answer begins, and between two parts of it, in milliseconds. The caller bounds the whole. */
const SILENCE_MS = 10_000;
/** Short enough for a line in the log. */
const MAX_REASON = 100;

/** Why a file was not fetched; says nothing of the address but its host. */
export class FetchRefused extends Error {
  /** @param isFinal trying again cannot help */
  constructor(
    message: string,
    readonly isFinal: boolean,
  ) {
    super(message);
    this.name = 'FetchRefused';
  }
}

/** What the guard goes by; tests answer for the DNS. */
export interface GuardOptions {
  /** All addresses of a host's name. */
  resolve?: (hostname: string) => Promise<string[]>;
  isPublic?: (address: string) => boolean;
}

/**
 * Fetches from addresses that others supply: https only, and only from the public internet. What a name resolves to is checked at the
 * moment of connecting and is what is connected to, so a name that changes its address meanwhile leads nowhere. Redirects are followed
 * three times, each checked alike. No proxy is used: it would resolve names by itself.
 */
export class GuardedFetch {
  private readonly guarded: Dispatcher;
  private readonly open: Dispatcher;

  private readonly isPublic: (address: string) => boolean;

  constructor({ resolve = systemResolve, isPublic = isPublicAddress }: GuardOptions = {}) {
    this.isPublic = isPublic;
    const timeouts = { headersTimeout: SILENCE_MS, bodyTimeout: SILENCE_MS };
    const lookup = publicLookup(resolve, isPublic);
    this.guarded = new Agent({ ...timeouts, connect: { timeout: CONNECT_TIMEOUT_MS, lookup } });
    this.open = new Agent({ ...timeouts, connect: { timeout: CONNECT_TIMEOUT_MS } });
  }

  /**
   * @param trustedOrigin an origin (`http://127.0.0.1:4010`) that needs to be neither https nor public
   * @throws {FetchRefused}
   */
  async get(address: string, trustedOrigin: string | null, signal: AbortSignal): Promise<IncomingFile> {
    let url = parse(address);
    for (let redirects = 0; ; redirects++) {
      const isTrusted = url.origin === trustedOrigin;
      if (!isTrusted) this.refuseUnsafe(url);
      const answer = await this.ask(url, isTrusted ? this.open : this.guarded, signal);
      const location = answer.headers.location;
      if (answer.statusCode < 300 || answer.statusCode > 399 || typeof location !== 'string') return fileOf(answer);
      discard(answer);
      if (redirects === MAX_REDIRECTS) throw new FetchRefused('too many redirects', true);
      url = parse(location, url.href);
    }
  }

  async close(): Promise<void> {
    await Promise.all([this.guarded.destroy(), this.open.destroy()]);
  }

  /** What can be told before any connection. @throws {FetchRefused} */
  private refuseUnsafe(url: URL): void {
    if (url.protocol !== 'https:') throw new FetchRefused('its address is not https', true);
    if (url.username !== '' || url.password !== '') throw new FetchRefused('its address has credentials in it', true);
    // The URL parser has written every form of an IPv4 address (0x7f.1, 2130706433) in the usual one. Literals are not looked up.
    const literal = url.hostname.replace(/^\[|\]$/g, '');
    if (isIP(literal) !== 0 && !this.isPublic(literal)) throw notPublic(url.hostname);
  }

  private async ask(url: URL, dispatcher: Dispatcher, signal: AbortSignal): Promise<Dispatcher.ResponseData> {
    try {
      return await request(url, {
        dispatcher,
        signal,
        headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'handover-gateway' },
      });
    } catch (error) {
      if (error instanceof FetchRefused) throw error;
      const { code, message } = error as { code?: string; message: string };
      throw new FetchRefused(`${url.hostname} gave no answer (${code ?? message.slice(0, MAX_REASON)})`, false);
    }
  }
}

function parse(address: string, base?: string): URL {
  if (!URL.canParse(address, base)) throw new FetchRefused('its address is no URL', true);
  return new URL(address, base);
}

/** A look-up that has no answer where any address of the name is not public. */
function publicLookup(
  resolve: (hostname: string) => Promise<string[]>,
  isPublic: (address: string) => boolean,
): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname).then(
      (addresses) => {
        if (addresses.length === 0 || !addresses.every(isPublic)) return callback(notPublic(hostname), []);
        const all = addresses.map((address) => ({ address, family: isIP(address) }));
        if (options.all) callback(null, all);
        else callback(null, all[0]!.address, all[0]!.family);
      },
      (error: NodeJS.ErrnoException) => callback(error, []),
    );
  };
}

function notPublic(hostname: string): FetchRefused {
  return new FetchRefused(`its host ${hostname} is not on the public internet`, true);
}

function fileOf(answer: Dispatcher.ResponseData): IncomingFile {
  const { statusCode: status, headers, body } = answer;
  if (status < 200 || status > 299) {
    discard(answer);
    throw new FetchRefused(`its address answered ${status}`, status < 500 && status !== 429);
  }
  const encoding = headers['content-encoding'];
  if (encoding !== undefined && encoding !== 'identity') {
    discard(answer);
    throw new FetchRefused('it came in an encoding that was not asked for', true);
  }
  const type = headers['content-type'];
  const length = Number(headers['content-length'] ?? NaN);
  return {
    contentType: typeof type === 'string' ? type : null,
    size: Number.isSafeInteger(length) ? length : null,
    content: body,
  };
}

/** Lets the connection go without reading a body that nobody wants. */
function discard({ body }: Dispatcher.ResponseData): void {
  body.on('error', () => undefined).destroy();
}

async function systemResolve(hostname: string): Promise<string[]> {
  return (await lookup(hostname, { all: true })).map(({ address }) => address);
}
