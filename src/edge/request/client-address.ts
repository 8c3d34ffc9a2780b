/**
 * The visitor's IP address: the socket's, unless the socket belongs to a reverse proxy; then the nearest address in
 * `X-Forwarded-For` that is not such a proxy. Proxies are the addresses that the operator named in `POSTERN_TRUST_PROXY`, and
 * the other end of a Unix socket: it has no address, and the mode of the socket's file decides who may connect.
 */
import { BlockList, isIP, isIPv6 } from 'node:net';
import { trimOws } from '../../core/white-space.js';
import { headerValues, type RawHeaders } from '../../http/fields.js';

/** Represents the address of a program of this machine that is connected over a Unix socket. */
export const LOCAL_PEER = 'unix:';

// Without `X-Forwarded-For` no more is known than that the request comes from this machine.
const LOCAL_ADDRESS = '127.0.0.1';

// Not told by `remoteAddress`, which a TCP socket also lacks once it is closed.
const LOCAL = Symbol('over a Unix socket');

interface Peer {
  readonly remoteAddress?: string | undefined;
  [LOCAL]?: true;
}

/** Notes that a connection came over a Unix socket. */
export function markLocal(socket: Peer): void {
  socket[LOCAL] = true;
}

/** The address of the other end of a socket; `LOCAL_PEER` over a Unix socket, empty once it is closed. */
export function peerAddress(socket: Peer): string {
  return socket[LOCAL] ? LOCAL_PEER : (socket.remoteAddress ?? '');
}

/** Tells whether a peer's address is one of a list of IP addresses and CIDR networks (checked by config), or local. */
export function proxyCheck(trusted: readonly string[]): (address: string) => boolean {
  if (trusted.length === 0) return (address) => address === LOCAL_PEER;
  const list = trustedList(trusted);
  return (address) => {
    if (address === LOCAL_PEER) return true;
    const direct = plain(address);
    return isIP(direct) !== 0 && list.check(direct, isIPv6(direct) ? 'ipv6' : 'ipv4');
  };
}

// A reverse proxy is in front of the first request already; the later ones are not looked at.
const LOOKED_AT = 100;

/** Gives the address of a visitor, by that of the socket's peer (`peerAddress`) and the headers of the request. */
export type AddressReader = (peer: string, headers: RawHeaders) => string;

/**
 * Makes the reader for the addresses of proxies that are trusted. `distrusted` is called once, for a peer that sends
 * `X-Forwarded-For` and is not of them: the proxy that the operator forgot, most likely.
 */
export function addressReader(
  trusted: readonly string[],
  distrusted: (peer: string) => void = () => {},
): AddressReader {
  let left = LOOKED_AT;
  const look = (headers: RawHeaders, peer: string) => {
    left -= 1;
    if (headerValues(headers, 'x-forwarded-for').length === 0) return;
    left = 0;
    distrusted(peer);
  };
  const isTrusted = proxyCheck(trusted);
  return (peer, headers) => {
    const direct = plain(peer);
    if (!isTrusted(direct)) {
      if (left > 0) look(headers, direct);
      return direct;
    }
    const hops = headerValues(headers, 'x-forwarded-for')
      .join(',')
      .split(',')
      .map((hop) => plain(trimOws(hop)));
    let nearest = direct;
    while (isTrusted(nearest)) {
      const hop = hops.pop();
      if (hop === undefined || isIP(hop) === 0) break; // a list that says nothing more: the last proxy is all we know
      nearest = hop;
    }
    return nearest === LOCAL_PEER ? LOCAL_ADDRESS : nearest;
  };
}

function trustedList(trusted: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of trusted) {
    const [address = '', prefix] = entry.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

// A dual-stack socket shows IPv4 peers as ::ffff:a.b.c.d (RFC 4291 section 2.5.5.2).
function plain(address: string): string {
  return address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;
}
