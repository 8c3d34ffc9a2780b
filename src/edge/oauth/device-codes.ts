/**
 * Device authorization (RFC 8628): an agent without a browser gets a device code, and a person types the user code of it on
 * the page of the edge. Ten minutes, once. What waits is bounded, in all and for each address.
 */
import type { Identity } from '../../auth/identity/identity.js';
import { RecentMap } from '../../core/recent-map.js';
import { PosternError } from '../../errors.js';
import { createTokenId } from '../../link/token.js';
import { ExpiringIds } from '../../store/expiring-ids.js';
import type { Entry, Store } from '../../store/store.js';
import { network } from '../request/limits.js';
import { REMEMBERED_MS, type Redeemed } from './authorization-codes.js';
import type { Origin } from './client.js';
import type { OAuthSecrets } from './oauth-secrets.js';
import { readStored } from './stored.js';

/** What a person is asked to allow. */
export interface DeviceRequest {
  readonly origin: Origin;
  readonly atMs: number;
}

/** The response of the device authorization endpoint (section 3.2), times in seconds. */
export interface DeviceCode {
  readonly deviceCode: string;
  readonly userCode: string;
  readonly expiresIn: number;
  readonly interval: number;
}

/** What a poll learns (section 3.5). */
export type Polled = Redeemed | { readonly kind: 'pending' | 'slow-down' | 'denied' | 'expired' };

/** An entry of the store. `owner` and `id` are there once it was redeemed. */
interface Stored extends DeviceRequest {
  readonly state: 'pending' | 'allowed' | 'denied' | 'used';
  readonly identity?: Identity;
  readonly id?: string;
  readonly owner?: string;
}

const KIND = 'device-code:';
const USER_KIND = 'user-code:';

const LIFETIME_MS = 10 * 60_000;
const INTERVAL_MS = 5_000;

// A poll may arrive a little early: the client counts from the response, the edge from the request.
const TOLERANCE_MS = 1_000;

/** Requests that wait for a person, at once; an address has a hundredth of them. */
export const MAX_WAITING = 10_000;

export interface DeviceCodesOptions {
  readonly store: Store;
  readonly oauth: OAuthSecrets;
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
}

export class DeviceCodes {
  readonly #options: DeviceCodesOptions;
  readonly #now: () => number;
  readonly #waiting = new ExpiringIds(MAX_WAITING);
  /** Of this node: when each device code may be presented next, and its interval. */
  readonly #polls = new RecentMap<{ nextAtMs: number; intervalMs: number }>(MAX_WAITING, 64);

  constructor(options: DeviceCodesOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Rejects with `ERR_RATE_LIMITED` when too many wait. */
  async start(origin: Origin): Promise<DeviceCode> {
    const { store, oauth } = this.#options;
    const atMs = this.#now();
    const untilMs = atMs + LIFETIME_MS;
    const deviceCode = oauth.createCode();
    const device = oauth.hash('device', deviceCode);
    if (!this.#waiting.add(device, untilMs, atMs, network(origin.address)))
      throw new PosternError('ERR_RATE_LIMITED', 'too many device codes wait', { text: TOO_MANY });
    const stored: Stored = { origin, atMs, state: 'pending' };
    // It is known for a while after its end, so that the agent learns why.
    await store.put(KIND + device, JSON.stringify(stored), { ifVersion: 0, expiresAtMs: untilMs + REMEMBERED_MS });
    const userCode = await this.#reserve(device, untilMs);
    return { deviceCode, userCode, expiresIn: LIFETIME_MS / 1000, interval: INTERVAL_MS / 1000 };
  }

  /** The request that waits under a user code. */
  async find(userCode: string): Promise<DeviceRequest | undefined> {
    return (await this.#pending(userCode))?.stored;
  }

  /** Decides a request, once; an identity allows it. False if it does not wait any more. */
  async decide(userCode: string, decision: Identity | 'denied'): Promise<boolean> {
    const found = await this.#pending(userCode);
    if (found === undefined) return false;
    const { stored, entry, userKey } = found;
    const next: Stored =
      decision === 'denied' ? { ...stored, state: 'denied' } : { ...stored, state: 'allowed', identity: decision };
    const written = await this.#write(entry, next);
    await this.#options.store.delete(userKey);
    return written;
  }

  /** Redeems a device code. */
  async poll(deviceCode: string): Promise<Polled> {
    const { store, oauth } = this.#options;
    const device = oauth.hash('device', deviceCode);
    const entry = await store.get(KIND + device);
    const stored = entry && read(entry);
    if (entry === undefined || stored === undefined) return { kind: 'refused' };
    if (stored.id !== undefined && stored.owner !== undefined)
      return { kind: 'reused', id: stored.id, owner: stored.owner };
    if (this.#isEarly(device)) return { kind: 'slow-down' };
    if (stored.state === 'denied') return { kind: 'denied' };
    if (stored.atMs + LIFETIME_MS <= this.#now()) return { kind: 'expired' };
    if (stored.identity === undefined) return { kind: 'pending' };
    const { identity, origin } = stored;
    const id = createTokenId();
    const isFirst = await this.#write(entry, { ...stored, state: 'used', id, owner: identity.email });
    return isFirst ? { kind: 'granted', id, identity, origin } : this.poll(deviceCode);
  }

  /** Each early poll makes the interval longer by five seconds (section 3.5). */
  #isEarly(device: string): boolean {
    const nowMs = this.#now();
    const { nextAtMs, intervalMs } = this.#polls.get(device) ?? { nextAtMs: 0, intervalMs: INTERVAL_MS };
    const isEarly = nowMs < nextAtMs - TOLERANCE_MS;
    const interval = isEarly ? intervalMs + INTERVAL_MS : intervalMs;
    this.#polls.set(device, { nextAtMs: nowMs + interval, intervalMs: interval });
    return isEarly;
  }

  async #reserve(device: string, expiresAtMs: number): Promise<string> {
    const { store, oauth } = this.#options;
    for (;;) {
      const userCode = oauth.createUserCode();
      const key = USER_KIND + oauth.hash('user', userCode);
      if ((await store.put(key, device, { ifVersion: 0, expiresAtMs })) !== undefined) return userCode;
    }
  }

  async #pending(userCode: string): Promise<{ stored: Stored; entry: Entry; userKey: string } | undefined> {
    const { store, oauth } = this.#options;
    const userKey = USER_KIND + oauth.hash('user', userCode);
    const device = await store.get(userKey);
    const entry = device && (await store.get(KIND + device.value));
    const stored = entry && read(entry);
    if (entry === undefined || stored === undefined) return undefined;
    return stored.state === 'pending' ? { stored, entry, userKey } : undefined;
  }

  async #write({ key, version, expiresAtMs }: Entry, stored: Stored): Promise<boolean> {
    const options = { ifVersion: version, expiresAtMs };
    return (await this.#options.store.put(key, JSON.stringify(stored), options)) !== undefined;
  }
}

const TOO_MANY = 'Too many agents wait to be signed in from this address. Wait a few minutes.';

function read({ value }: Entry): Stored | undefined {
  return readStored<Stored>(value, ['origin', 'atMs', 'state']);
}
