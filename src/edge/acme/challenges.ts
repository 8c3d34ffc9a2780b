/** Challenges (RFC 8555 section 8): what an authority offers, and which of ours solves it. */
import { asRecord } from './errors.js';

/** The types that this edge can solve. */
export type ChallengeType = 'http-01' | 'tls-alpn-01' | 'dns-01';

/** A challenge of one authorization. */
export interface Challenge {
  readonly type: ChallengeType;
  readonly url: string;
  readonly token: string;
}

/** What a solver is to prove. */
export interface Proof {
  /** The DNS name, without `*.`. */
  readonly name: string;
  readonly token: string;
  readonly keyAuthorization: string;
}

/** Solves challenges of one type. */
export interface ChallengeSolver {
  readonly type: ChallengeType;
  /** Resolves once the authority can find the proof, to what takes it away again. */
  present(proof: Proof, signal: AbortSignal): Promise<() => Promise<void>>;
}

// Base64url, at least 128 bits (section 8.1). It becomes part of a path.
const TOKEN = /^[\w-]{16,256}$/;

/** The challenges of an authorization that are well-formed and of a type that is known here. */
export function readChallenges(value: unknown): Challenge[] {
  if (!Array.isArray(value)) return [];
  return value.slice(0, 20).flatMap((item): Challenge[] => {
    const { type, url, token } = asRecord(item);
    if (type !== 'http-01' && type !== 'tls-alpn-01' && type !== 'dns-01') return [];
    if (typeof url !== 'string' || !url.startsWith('https://') || !URL.canParse(url)) return [];
    return typeof token === 'string' && TOKEN.test(token) ? [{ type, url, token }] : [];
  });
}
