/**
 * Whether an IP address is one of the public internet, by the registries of special-purpose addresses (RFC 6890 and its
 * successors at IANA): for requests to addresses that strangers name, which must not reach what is private.
 */
import { BlockList, isIP } from 'node:net';

// Shared, private, loopback, link-local, protocol, documentation, 6to4 relay, benchmarking, multicast, reserved, broadcast.
const SPECIAL_IPV4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['224.0.0.0/4', '240.0.0.0/4'],
];

// Within global unicast: protocol assignments with Teredo, documentation, and 6to4, which lead to IPv4 addresses by themselves.
const SPECIAL_IPV6 = ['2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'];

const special = new BlockList();
const globalUnicast = new BlockList();
for (const network of SPECIAL_IPV4) addTo(special, network, 'ipv4');
for (const network of SPECIAL_IPV6) addTo(special, network, 'ipv6');
addTo(globalUnicast, '2000::/3', 'ipv6');

/**
 * False for a text that is no IP address, too. Of IPv6 only global unicast counts: neither mapped IPv4 addresses nor those of
 * NAT64 (RFC 6052), which would be IPv4 addresses in disguise.
 */
export function isPublicIp(address: string): boolean {
  const version = isIP(address);
  if (version === 4) return !special.check(address, 'ipv4');
  return version === 6 && globalUnicast.check(address, 'ipv6') && !special.check(address, 'ipv6');
}

function addTo(list: BlockList, network: string, family: 'ipv4' | 'ipv6'): void {
  const [address = '', prefix] = network.split('/');
  list.addSubnet(address, Number(prefix), family);
}
