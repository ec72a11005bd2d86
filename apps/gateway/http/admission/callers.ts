import { Refusal, type Owner } from '#core';
import { hashKey } from '#persistence';
import type { Accounts } from '../../runtime/accounts.js';

/** Who calls with a key: a bot, or the operator. */
export type Principal = { role: 'operator' } | { role: 'bot'; name: string; enabled: boolean };

/** What is below these addresses needs no key. What is not listed here and has no `@Public()` of its own needs one. */
const PUBLIC = ['/docs', '/openapi.json', '/copilot', '/health', '/metrics'];
/** Everything below this path is a provider's webhook, which proves itself by its signature. */
const WEBHOOKS = '/handover/';

/** What a route asks of its caller. */
export type RouteKind = 'health' | 'public' | 'webhook' | 'key';

/** @param route the pattern of the route that was matched, never the address as it was sent */
export function kindOf(route: string): RouteKind {
  if (route.startsWith('/health/')) return 'health';
  if (route.startsWith(WEBHOOKS)) return 'webhook';
  return PUBLIC.some((path) => route === path || route.startsWith(`${path}/`)) ? 'public' : 'key';
}

/** Knows bots and the operator by their keys. Only hashes are compared, so time tells nothing of a key. */
export class Callers {
  private readonly adminHash: string;

  constructor(
    adminKey: string,
    private readonly accounts: Pick<Accounts, 'findByKeyHash'>,
  ) {
    this.adminHash = hashKey(adminKey);
  }

  /** @throws {Refusal} `unauthorized`, a {@link WrongKey} where a key was sent */
  identify(header: string | undefined): Principal {
    const [, key] = /^Bearer +(\S{1,512})\s*$/i.exec(header ?? '') ?? [];
    if (key === undefined) throw new Refusal('unauthorized', 'Send the API key as "Authorization: Bearer <key>".');
    const hash = hashKey(key);
    if (hash === this.adminHash) return { role: 'operator' };
    const bot = this.accounts.findByKeyHash(hash);
    if (!bot) throw new WrongKey();
    return { role: 'bot', name: bot.name, enabled: bot.enabled };
  }
}

/** A key was sent, and it opens nothing. */
export class WrongKey extends Refusal {
  constructor() {
    super('unauthorized', 'This API key is not known.');
  }
}

export function ownerOf(principal: Principal): Owner {
  return principal.role === 'operator' ? 'operator' : `bot:${principal.name}`;
}

/** The address that a connection comes from. Of IPv6 the network: whoever has one has all of its addresses. */
export function networkOf(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  if (address.startsWith('::ffff:')) return address.slice(7);
  if (!address.includes(':')) return address;
  const [head = '', tail] = address.split('%')[0]!.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : 8 - before.length - after.length;
  return `${[...before, ...Array<string>(Math.max(0, zeros)).fill('0'), ...after].slice(0, 4).join(':')}::/64`;
}
