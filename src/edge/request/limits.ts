/** The limits of the front door, each with its reason. */
import { isIPv4, isIPv6 } from 'node:net';

/** Request line and headers together. Four times Node's own, so that a browser full of cookies still gets a page. */
export const MAX_HEADER_BYTES = 65_536;

/** Header lines of a request. Far above any browser's, and what the link and common servers still take whole. */
export const MAX_HEADERS = 1_000;

/**
 * Bytes of request heads that are not whole yet. Of one network: 32 heads of the largest size, or a thousand phones on a
 * slow line behind one address with 2 kB each. Of all: sixteen such networks; with the strings that they become 100 MB.
 */
export const UNFINISHED_HEADS = { maxBytes: 33_554_432, maxBytesOfOne: 2_097_152 };

/** The same where plain HTTP is only redirected: what is sent there is a line and a few headers. */
export const UNFINISHED_HEADS_IN_CLEAR = { maxBytes: 8_388_608, maxBytesOfOne: 524_288 };

/**
 * TLS handshakes of one network that are not complete, and the time of each. One takes two round trips and a millisecond of the
 * processor; an office behind one address opens some dozens at once.
 */
export const HANDSHAKES = { maxOfOne: 250, timeoutMs: 10_000 };

/** Slow senders of headers are cut here; slow bodies never are. */
export const HEADERS_TIMEOUT_MS = 10_000;

/**
 * Requests on a connection whose responses have not left, and what the heads of those may hold that wait behind another.
 * Browsers do not pipeline, and the tools that do send a handful. 20,000 connections with sixteen requests each are past
 * any flood that a line brings; one that waits costs about 5 kB beside its head.
 */
export const MAX_PENDING_RESPONSES = 16;
export const MAX_WAITING_HEAD_BYTES = 65_536;

/** How often Node looks for slow senders. */
export const CHECK_INTERVAL_MS = 2_000;

/** Idle connections stay longer than the 60 s after which common reverse proxies drop theirs, so theirs goes first. */
export const KEEP_ALIVE_TIMEOUT_MS = 75_000;

/** Silence on a socket after which the kernel asks whether the other end is still there (RFC 9293 section 3.8.4). */
export const KEEP_ALIVE_PROBE_MS = 60_000;

/** Sockets at once, on the front door. Past it new ones are closed, and memory stays bounded. */
export const MAX_CONNECTIONS = 20_000;

/**
 * Those of one network: half of them, since no browser has more than six to an edge and a company of thousands may be behind one
 * address. While nine tenths of all are open one network gets no more than a twentieth, so that it takes
 * several networks to keep all others out. What is open is never ended for this.
 */
export const CONNECTIONS_OF_ONE = { most: 10_000, crowded: 1_000 };

/** While more than this are open, uploads that no app reads are ended: the edge cannot tell whether their visitors are still connected. */
export const CROWDED_CONNECTIONS = MAX_CONNECTIONS * 0.9;

/**
 * Links of agents at once: of all; of one owner and of one network, so that a token that leaks or a fleet that runs wild
 * leaves three quarters to the others; and more of those that replace a link which finishes what runs on it.
 */
export const LINKS = { most: 10_000, maxOfOne: 2_500, spare: 500 };

/**
 * Before idle connections are closed, their next responses say that they will be: one that is idle for this long has no request on its
 * way, as far as can be known.
 */
export const QUIET_MS = 1_000;

/** Starts and completions of sign-in for one address: a person needs two, an office behind one address some dozens. */
export const SIGN_INS = { points: 120, duration: 60 };

/** Sign-ins of one account: each that ends is remembered until it would have expired, and nine tenths of the room are for all. */
export const ACCOUNT_SIGN_INS = { points: 1_000, duration: 86_400 };

/** Refused tokens for one address: an honest agent stops at the first. */
export const BAD_TOKENS = { points: 20, duration: 60 };

/** Sign-ins that the edge asks an account for again because of its groups: rules that never rest would ask without end. */
export const RENEWALS = { points: 3, duration: 60 };

/** Requests of one account to be let in: a person asks for one or two tunnels, and again the next day. */
export const KNOCKS = { points: 10, duration: 3_600 };

/** Links of invites that let an account in nowhere: a person opens an old one twice, and the secrets are past guessing anyway. */
export const WRONG_INVITES = { points: 20, duration: 3_600 };

/** Requests for a device code (RFC 8628) from one address: a person needs one. */
export const DEVICE_REQUESTS = { points: 20, duration: 60 };

/** Agents that one account signs in. */
export const AGENT_SIGN_INS = { points: 100, duration: 86_400 };

/**
 * Wrong user codes within an hour (RFC 8628 section 5.1), of one account and of one address. With 20^8 codes and 10,000
 * requests that wait, five guesses find one with a probability of one in half a million.
 */
export const WRONG_CODES = { points: 5, duration: 3_600 };
export const WRONG_CODES_OF_ADDRESS = { points: 30, duration: 3_600 };

/** OAuth clients that one account lets act for it. */
export const CLIENT_SIGN_INS = { points: 100, duration: 86_400 };

/** Tokens that the OAuth clients of one account refresh: fifty of them may wake at once, and each needs new ones once an hour. */
export const CLIENT_REFRESHES = { points: 100, duration: 60 };

/** Metadata documents of OAuth clients that the edge fetches for one account: a person has one or two apps. */
export const CLIENT_DOCUMENTS = { points: 20, duration: 60 };

/** Registrations of OAuth clients from one address. */
export const CLIENT_REGISTRATIONS = { points: 30, duration: 60 };

/** Changes by one account, with the API or the pages: each is stored, and what is open is judged again. */
export const CHANGES = { points: 120, duration: 60 };

/** Logout tokens from one address that are not valid: strangers send them, and each costs a signature to verify. */
export const BAD_LOGOUT_TOKENS = { points: 30, duration: 60 };

// RFC 4291 section 2.5.5.2.
const MAPPED = '::ffff:';

/** What counts as one address: one subscriber has a whole /64 of IPv6. A dual-stack socket shows IPv4 addresses as IPv6 ones. */
export function network(address: string): string {
  if (address.startsWith(MAPPED) && isIPv4(address.slice(MAPPED.length))) return address.slice(MAPPED.length);
  if (!isIPv6(address)) return address;
  const [head = '', tail = ''] = address.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  if (address.includes('::')) {
    const after = tail.split(':').filter((group) => group !== '').length;
    while (groups.length + after < 8) groups.push('0');
  }
  return groups.slice(0, 4).join(':');
}
