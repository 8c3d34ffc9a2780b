/**
 * The one-time hand-off from the base host, where visitors sign in, to a tunnel's host, which has its own cookie: a sealed
 * text. It is valid once, for sixty seconds, on one host, and only in the browser that has the nonce for which it was issued.
 * Every attempt to redeem it uses it up, also a failed one.
 */
import { randomBytes } from 'node:crypto';
import { deriveKeys } from '../../core/keys.js';
import { PosternError } from '../../errors.js';
import type { Redemptions } from '../../store/redemptions.js';
import type { Identity } from '../identity/identity.js';
import { hashNonce } from './nonce.js';
import { type Keyring, MAX_SEALED_CHARS, open, seal } from './seal.js';
import { type KnownIssuers, knownIssuers, packIdentity, unpackIdentity } from './sealed-identity.js';

export interface Ticket {
  readonly id: string;
  /** The tunnel host that may redeem it. */
  readonly host: string;
  /** `hashNonce` of the nonce cookie on that host. */
  readonly nonceHash: string;
  readonly identity: Identity;
  /** The sign-in to which the session on the tunnel's host will belong. */
  readonly sessionId: string;
  readonly signedInAtMs: number;
  /** Where the visitor continues on that host: path and query. */
  readonly path: string;
  readonly expiresAtMs: number;
}

export interface TicketsOptions {
  /** Newest first: the first seals, all of them open. */
  readonly secrets: readonly string[];
  /** As in `SessionsOptions`. */
  readonly issuers: readonly string[];
  readonly redemptions: Pick<Redemptions, 'redeem'>;
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Where a ticket is redeemed. */
export interface RedeemContext {
  readonly host: string;
  /** The values of the nonce cookie in this browser: besides the genuine one there may be a planted one. */
  readonly nonces: readonly string[];
}

const LIFETIME_MS = 60_000;

/** Issues and redeems tickets. */
export class Tickets {
  readonly #keys: Keyring;
  readonly #issuers: KnownIssuers;
  readonly #redemptions: Pick<Redemptions, 'redeem'>;
  readonly #now: () => number;

  constructor({ secrets, issuers, redemptions, now = Date.now }: TicketsOptions) {
    this.#keys = deriveKeys(secrets, 'ticket');
    this.#issuers = knownIssuers(issuers);
    this.#redemptions = redemptions;
    this.#now = now;
  }

  /**
   * Issues a ticket for the identity of a session. A path that would make it too long becomes `/`; throws
   * `ERR_LOGIN_FAILED` when it is still too long.
   */
  async issue(fields: Omit<Ticket, 'id' | 'expiresAtMs'>): Promise<string> {
    const issued = { ...fields, id: randomBytes(16).toString('base64url'), expiresAtMs: this.#now() + LIFETIME_MS };
    for (const path of [fields.path, '/']) {
      const text = await seal(pack({ ...issued, path }), this.#keys);
      if (text.length <= MAX_SEALED_CHARS) return text;
    }
    throw new PosternError('ERR_LOGIN_FAILED', 'the identity does not fit a ticket');
  }

  /** Redeems a ticket. Throws `ERR_LOGIN_FAILED` unless it is valid here and no attempt to redeem it was made before. */
  async redeem(text: string, at: RedeemContext): Promise<Ticket> {
    const payload = await open(text, this.#keys);
    const ticket = payload && unpack(payload, this.#issuers);
    if (ticket === undefined) throw loginFailed('is not of this edge');
    if (ticket.expiresAtMs <= this.#now()) throw loginFailed('has expired');
    // Before the other checks: a ticket that arrives at the wrong place has been stolen.
    if (!(await this.#redemptions.redeem(`ticket ${ticket.id}`, ticket.expiresAtMs)))
      throw loginFailed('was already presented');
    if (ticket.host !== at.host) throw loginFailed('is for another host');
    if (!at.nonces.some((nonce) => hashNonce(nonce) === ticket.nonceHash)) throw loginFailed('is for another browser');
    return ticket;
  }
}

function pack({ identity, ...ticket }: Ticket): object {
  return {
    i: ticket.id,
    h: ticket.host,
    n: ticket.nonceHash,
    c: ticket.sessionId,
    t: ticket.signedInAtMs,
    p: ticket.path,
    x: ticket.expiresAtMs,
    ...packIdentity(identity),
  };
}

function unpack(payload: Readonly<Record<string, unknown>>, issuers: KnownIssuers): Ticket | undefined {
  const { i: id, h: host, n: nonceHash, c: sessionId, t: signedInAtMs, p: path, x: expiresAtMs } = payload;
  const identity = unpackIdentity(payload, issuers);
  if (typeof id !== 'string' || typeof host !== 'string' || typeof nonceHash !== 'string') return undefined;
  if (typeof sessionId !== 'string' || typeof path !== 'string' || identity === undefined) return undefined;
  if (typeof signedInAtMs !== 'number' || typeof expiresAtMs !== 'number') return undefined;
  return { id, host, nonceHash, identity, sessionId, signedInAtMs, path, expiresAtMs };
}

function loginFailed(reason: string): PosternError {
  return new PosternError('ERR_LOGIN_FAILED', `the ticket ${reason}`);
}
