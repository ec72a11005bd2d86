import { definition } from '../definition.js';

const OWN = new RegExp(`/handover/${definition.key}/([^/?#]+)(?:/([^/?#]+))?/?(?:[?#].*)?$`);

/** Whose address of a gateway it is, and the webhookToken in it; null for that of all providers, and for any other address. */
export function ownAddress(url: string): { name: string; token: string | null } | null {
  const [, name, token = null] = OWN.exec(url) ?? [];
  return name === undefined ? null : { name, token };
}

/** An address to show: a webhookToken in it, be it that of another gateway, is masked. */
export function withoutToken(url: string): string {
  const own = ownAddress(url);
  return own?.token ? url.replace(OWN, `/handover/${definition.key}/${own.name}/••••`) : url;
}
