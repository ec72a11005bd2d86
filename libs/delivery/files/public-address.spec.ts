import { describe, expect, it } from '@jest/globals';
import { isPublicAddress } from './public-address.js';

describe('isPublicAddress', () => {
  it.each([
    '8.8.8.8',
    '1.1.1.1',
    '172.15.255.255',
    '172.32.0.1',
    '100.63.0.1',
    '100.128.0.1',
    '223.255.255.255',
    '2606:4700::1111',
    '2a00:1450:4001::200e',
  ])('takes %s', (address) => expect(isPublicAddress(address)).toBe(true));

  it.each([
    ['this network', ['0.0.0.0', '0.1.2.3', '::']],
    ['loopback', ['127.0.0.1', '127.255.255.254', '::1']],
    ['private', ['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', 'fc00::1', 'fd12:3456::1']],
    ['link-local', ['169.254.169.254', 'fe80::1', 'fe80::1%eth0', 'febf::1']],
    ['carrier-grade NAT', ['100.64.0.1', '100.127.255.255']],
    [
      'protocol assignments and 6to4 relays',
      ['192.0.0.1', '192.88.99.1', '2001::1', '2001:20::1', '2002:0808:0808::1'],
    ],
    [
      'documentation and benchmarks',
      [
        '192.0.2.1',
        '198.51.100.1',
        '203.0.113.1',
        '198.18.0.1',
        '198.19.255.255',
        '2001:db8::1',
        '3fff::1',
        '2001:2::1',
      ],
    ],
    [
      'multicast, reserved and broadcast',
      ['224.0.0.1', '239.255.255.255', '240.0.0.1', '255.255.255.255', 'ff02::1', '4000::1', 'fec0::1'],
    ],
    [
      'an IPv4 address in disguise',
      [
        '::ffff:127.0.0.1',
        '::ffff:7f00:1',
        '::ffff:10.1.2.3',
        '0:0:0:0:0:ffff:a9fe:a9fe',
        '::127.0.0.1',
        '64:ff9b::10.0.0.1',
        '64:ff9b::7f00:1',
        '64:ff9b:1::1',
      ],
    ],
    ['no address', ['', 'localhost', '127.1', '0x7f000001', '1.2.3.4.5', '[::1]']],
  ])('refuses %s', (_, addresses) => expect(addresses.filter(isPublicAddress)).toEqual([]));

  it('takes a public IPv4 address behind NAT64 or written as IPv6', () => {
    expect(['64:ff9b::8.8.8.8', '64:ff9b::808:808', '::ffff:8.8.8.8'].filter(isPublicAddress)).toHaveLength(3);
  });
});
