import { createHash } from 'node:crypto';
import { bytesOf } from './account.js';
import type { Call } from './fake-http.js';
import type { FakeVendor, ProviderHarness } from './harness.js';

/** What a fake did over a whole run, route by route: what it never did, no rule has seen the provider meet. */
interface Deeds {
  calls: number;
  /** Answered 4xx by the route itself, and not by a fault. */
  refusals: number;
  faults: number;
  /** Asked for a further page: the same path, with another query. */
  pages: number;
}

/** Measures how strict a fake is. */
export class Strictness {
  private readonly fakes: FakeVendor[] = [];
  private sent = new Map<string, number>();

  /** The same harness, whose fakes are looked at. */
  watching(harness: ProviderHarness): ProviderHarness {
    const events = new Set(harness.webhooks.events.map(({ body }) => hashOf(bytesOf(body))));
    return {
      ...harness,
      vendor: (account) => {
        const fake = harness.vendor(account);
        const sign = fake.sign.bind(fake);
        fake.sign = (body, how) => {
          const event = hashOf(body);
          if (events.has(event)) this.sent.set(event, (this.sent.get(event) ?? 0) + (how.again ? 1 : 0));
          return sign(body, how);
        };
        // Where paths name the account, those of the second one would only say the same again.
        if (account === 'first') this.fakes.push(fake);
        return fake;
      },
    };
  }

  /** What the fakes never did, a line for each kind of it; none where nothing was called yet. */
  report(): string[] {
    const deeds = this.deeds();
    const routes = (isMissed: (deed: Deeds) => boolean): string =>
      [...deeds].flatMap(([route, deed]) => (isMissed(deed) ? [route] : [])).join(', ');
    const isList = (route: string): boolean => route.startsWith('GET ') && !/\/:\w+$/.test(route);
    const unpaged = [...deeds]
      .flatMap(([route, { pages }]) => (isList(route) && pages === 0 ? [route] : []))
      .join(', ');
    const once = [...this.sent.values()].filter((again) => again === 0).length;
    const uncalled = this.known().filter((route) => !deeds.has(route));
    return deeds.size === 0
      ? []
      : [
          ['never called', uncalled.join(', ')],
          ['never refused a call', routes(({ refusals }) => refusals === 0)],
          ['never failed by the suite', routes(({ faults }) => faults === 0)],
          ['lists that never had a second page', unpaged],
          ['events never sent twice', once === 0 ? '' : `${once} of ${this.sent.size}`],
        ].flatMap(([what, found]) => (found === '' ? [] : [`${what}: ${found}`]));
  }

  private known(): string[] {
    return [...new Set(this.fakes.flatMap(({ http }) => http.known))];
  }

  private deeds(): Map<string, Deeds> {
    const deeds = new Map<string, Deeds>();
    for (const { http } of this.fakes) {
      const queries = new Map<string, string>();
      for (const call of http.calls) if (call.route !== null) count(deeds, call.route, call, queries);
    }
    return deeds;
  }
}

const hashOf = (body: Buffer): string => createHash('sha256').update(body).digest('hex');

function count(deeds: Map<string, Deeds>, route: string, call: Call, queries: Map<string, string>): void {
  const deed = deeds.get(route) ?? { calls: 0, refusals: 0, faults: 0, pages: 0 };
  const [place, query] = [`${call.method} ${call.path}`, String(call.query)];
  const before = queries.get(place);
  deed.calls += 1;
  if (call.status !== null && call.status >= 400 && call.status < 500) deed.refusals += 1;
  if (call.isFaulted) deed.faults += 1;
  if (before !== undefined && before !== query) deed.pages += 1;
  queries.set(place, query);
  deeds.set(route, deed);
}
