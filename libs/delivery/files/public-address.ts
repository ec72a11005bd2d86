import { BlockList, isIPv4, isIPv6 } from 'node:net';

/** IANA's special-purpose IPv4 addresses: what is not on the public internet, and what nobody can be reached at. */
const SPECIAL_V4 = listOf('ipv4', [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
]);
/** All that is handed out for the public internet; loopback, link-local, unique local and multicast are outside. */
const GLOBAL_V6 = listOf('ipv6', [['2000::', 3]]);
/** In there, and still special: Teredo and other protocols, benchmarks, documentation, 6to4 (which may hide any IPv4 address). */
const SPECIAL_V6 = listOf('ipv6', [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
]);
/** These lead to the IPv4 address in their last 32 bits: IPv4-mapped ones, and those of NAT64. */
const EMBEDDING_V6 = listOf('ipv6', [
  ['::ffff:0:0', 96],
  ['64:ff9b::', 96],
]);

/** Whether an address is one of the public internet, so that connecting to it leads into nobody's private network. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !SPECIAL_V4.check(address, 'ipv4');
  if (!isIPv6(address) || address.includes('%')) return false;
  if (EMBEDDING_V6.check(address, 'ipv6')) return isPublicAddress(lastV4Of(address));
  return GLOBAL_V6.check(address, 'ipv6') && !SPECIAL_V6.check(address, 'ipv6');
}

function listOf(family: 'ipv4' | 'ipv6', subnets: [string, number][]): BlockList {
  const list = new BlockList();
  for (const [network, prefix] of subnets) list.addSubnet(network, prefix, family);
  return list;
}

/** The last 32 bits of an IPv6 address in IPv4's notation. */
function lastV4Of(address: string): string {
  // The URL parser writes any form of an IPv6 address in the one canonical form, which has no dots.
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1).split(':');
  const [high, low] = groups.slice(-2).map((group) => parseInt(group || '0', 16)) as [number, number];
  return [high >> 8, high & 255, low >> 8, low & 255].join('.');
}
