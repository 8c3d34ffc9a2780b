/**
 * Counts attempts: sign-ins, wrong codes, knocks. By whom and how many there may be stands in `limits.ts`; here is where they are
 * counted: in this process, at a supervisor, or in the store that edges share. Owns `rate-limiter-flexible`.
 */
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes } from 'rate-limiter-flexible';
import { PosternError } from '../../errors.js';
import type { SharedCounters } from '../../store/store.js';
import * as limits from './limits.js';

const KINDS = {
  'sign-in': limits.SIGN_INS,
  'account-sign-in': limits.ACCOUNT_SIGN_INS,
  'bad-token': limits.BAD_TOKENS,
  'bad-access-token': limits.BAD_TOKENS,
  renewal: limits.RENEWALS,
  knock: limits.KNOCKS,
  'wrong-invite': limits.WRONG_INVITES,
  'device-request': limits.DEVICE_REQUESTS,
  'agent-sign-in': limits.AGENT_SIGN_INS,
  'client-sign-in': limits.CLIENT_SIGN_INS,
  'client-refresh': limits.CLIENT_REFRESHES,
  'client-document': limits.CLIENT_DOCUMENTS,
  'client-registration': limits.CLIENT_REGISTRATIONS,
  change: limits.CHANGES,
  'bad-logout-token': limits.BAD_LOGOUT_TOKENS,
  'wrong-code': limits.WRONG_CODES,
  'wrong-code-of-address': limits.WRONG_CODES_OF_ADDRESS,
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
    if (await this.#counter.consume(this.#kind, this.#prefix + limits.network(address))) return;
    throw new PosternError('ERR_RATE_LIMITED', 'too many attempts from one address');
  }

  /** Takes one attempt back that `count` counted: it was none of those that the limit is for. */
  async refund(address: string): Promise<void> {
    await this.#counter.reward(this.#kind, this.#prefix + limits.network(address));
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
