/**
 * The limits of the front door, each with its reason, and the counters behind those that count attempts. Owns
 * `rate-limiter-flexible`.
 */
import { isIPv6 } from 'node:net';
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { PosternError } from '../../errors.js';
import type { SharedCounters } from '../../store/store.js';

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

/** How long running requests may take to finish once the edge stops. */
export const DRAIN_MS = 30_000;

/** Starts and completions of sign-in for one address: a person needs two, an office behind one address some dozens. */
export const SIGN_INS = { points: 120, duration: 60 };

/** Sign-ins of one account: each that ends is remembered until it would have expired, and nine tenths of the room are for all. */
export const ACCOUNT_SIGN_INS = { points: 1_000, duration: 86_400 };

/** Refused tokens for one address: an honest agent stops at the first. */
export const BAD_TOKENS = { points: 20, duration: 60 };

/** Sign-ins that the edge asks an account for again because of its groups: rules that never rest would ask without end. */
const RENEWALS = { points: 3, duration: 60 };

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

/** Metadata documents of OAuth clients that the edge fetches for one account: a person has one or two apps. */
export const CLIENT_DOCUMENTS = { points: 20, duration: 60 };

/** Registrations of OAuth clients from one address. */
export const CLIENT_REGISTRATIONS = { points: 30, duration: 60 };

/** Changes by one account, with the API or the pages: each is stored, and what is open is judged again. */
export const CHANGES = { points: 120, duration: 60 };

/** Logout tokens from one address that are not valid: strangers send them, and each costs a signature to verify. */
export const BAD_LOGOUT_TOKENS = { points: 30, duration: 60 };

const KINDS = {
  'sign-in': SIGN_INS,
  'account-sign-in': ACCOUNT_SIGN_INS,
  'bad-token': BAD_TOKENS,
  'bad-access-token': BAD_TOKENS,
  renewal: RENEWALS,
  knock: KNOCKS,
  'wrong-invite': WRONG_INVITES,
  'device-request': DEVICE_REQUESTS,
  'agent-sign-in': AGENT_SIGN_INS,
  'client-sign-in': CLIENT_SIGN_INS,
  'client-document': CLIENT_DOCUMENTS,
  'client-registration': CLIENT_REGISTRATIONS,
  change: CHANGES,
  'bad-logout-token': BAD_LOGOUT_TOKENS,
  'wrong-code': WRONG_CODES,
  'wrong-code-of-address': WRONG_CODES_OF_ADDRESS,
};

export type AttemptKind = keyof typeof KINDS;

/** Where attempts are counted. */
export interface AttemptCounter {
  /** Counts one of a party; false when there were too many. */
  consume(kind: AttemptKind, party: string): Promise<boolean>;
  /** Takes one back. */
  reward(kind: AttemptKind, party: string): Promise<void>;
}

type Limiter = RateLimiterMemory | RateLimiterRedis;

class LimiterAttempts implements AttemptCounter {
  readonly #limiters = new Map<AttemptKind, Limiter>();
  readonly #make: (kind: AttemptKind) => Limiter;

  constructor(make: (kind: AttemptKind) => Limiter) {
    this.#make = make;
  }

  async consume(kind: AttemptKind, party: string): Promise<boolean> {
    try {
      await this.#limiterOf(kind).consume(party);
      return true;
    } catch (thrown) {
      if (thrown instanceof RateLimiterRes) return false;
      throw thrown;
    }
  }

  async reward(kind: AttemptKind, party: string): Promise<void> {
    await this.#limiterOf(kind).reward(party);
  }

  #limiterOf(kind: AttemptKind): Limiter {
    const limiter = this.#limiters.get(kind) ?? this.#make(kind);
    this.#limiters.set(kind, limiter);
    return limiter;
  }
}

/** Counts in the memory of this process. */
export class MemoryAttempts extends LimiterAttempts {
  constructor() {
    super((kind) => new RateLimiterMemory({ keyPrefix: kind, ...KINDS[kind] }));
  }
}

/** Counts with all edges of a store; while that is away, each has its share. */
class StoreAttempts extends LimiterAttempts {
  constructor(counters: SharedCounters) {
    super((kind) => sharedLimiter({ keyPrefix: kind, ...KINDS[kind] }, counters));
  }
}

let shared: AttemptCounter | undefined;

/** From now on all limits of this process count there: a worker's supervisor counts for all workers. */
export function countAttemptsWith(counter: AttemptCounter): void {
  shared = counter;
}

export interface AttemptLimitOptions {
  /** What is counted where two limits have the same kind. Default: the kind. */
  readonly scope?: string;
  /** Those of a store that several edges share. Default: this process, or its supervisor, counts alone. */
  readonly counters?: SharedCounters | undefined;
}

/** Counts the attempts of a party within the time of their kind: of an address, or of an account where the kind says so. */
export class AttemptLimit {
  readonly #kind: AttemptKind;
  readonly #prefix: string;
  readonly #counter: AttemptCounter;

  constructor(kind: AttemptKind, { scope, counters }: AttemptLimitOptions = {}) {
    this.#kind = kind;
    this.#prefix = scope === undefined ? '' : `${scope} `;
    this.#counter = counters === undefined ? (shared ?? new MemoryAttempts()) : new StoreAttempts(counters);
  }

  /** Counts one attempt; throws `ERR_RATE_LIMITED` when there were too many. */
  async count(address: string): Promise<void> {
    if (await this.#counter.consume(this.#kind, this.#prefix + network(address))) return;
    throw new PosternError('ERR_RATE_LIMITED', 'too many attempts from one address');
  }

  /** Takes one attempt back that `count` counted: it was none of those that the limit is for. */
  async refund(address: string): Promise<void> {
    await this.#counter.reward(this.#kind, this.#prefix + network(address));
  }
}

type LimiterOptions = { readonly keyPrefix: string; readonly points: number; readonly duration: number };

function sharedLimiter(options: LimiterOptions, counters: SharedCounters): RateLimiterRedis {
  const insurance = new RateLimiterMemory(options);
  return new RateLimiterRedis({
    ...options,
    insuranceLimiter: insurance,
    // Who goes on far beyond the limit costs the store nothing.
    inMemoryBlockOnConsumed: 2 * options.points,
    storeClient: {
      // The one command of its client that the limiter calls for counters with a duration.
      rlflxIncr: async ([key = '', points = '', seconds = '']: readonly string[]) => {
        insurance.points = Math.ceil(options.points / counters.nodes);
        return counters.add(key, Number(points), Number(seconds) * 1_000);
      },
    },
  });
}

/** What counts as one address: one subscriber has a whole /64 of IPv6. */
export function network(address: string): string {
  if (!isIPv6(address)) return address;
  const [head = '', tail = ''] = address.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  if (address.includes('::')) {
    const after = tail.split(':').filter((group) => group !== '').length;
    while (groups.length + after < 8) groups.push('0');
  }
  return groups.slice(0, 4).join(':');
}
