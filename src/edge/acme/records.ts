/**
 * What ACME remembers in the store: the key of an account, an order on its way, a certificate with its key, and which node
 * orders. Private keys are sealed with the edge's secret: a copy of the store opens nothing.
 */
import { createHash, randomUUID } from 'node:crypto';
import type { JWK } from 'jose';
import { type Keyring, open, seal } from '../../auth/session/seal.js';
import { readObject } from '../../store/json-value.js';
import type { Entry, Store } from '../../store/store.js';
import { AcmeError } from './errors.js';

/** A certificate, with the key that it is for. */
export interface StoredCertificate {
  /** PEM, leaf first. */
  readonly chain: string;
  /** PKCS #8, PEM. */
  readonly key: string;
}

/** An order in progress, and the key of its certificate request. */
export interface StoredOrder {
  readonly url: string;
  readonly key: string;
}

/** The right to do what only one node may do at a time. */
export interface Lease {
  /** Aborted once another node may have it: after a minute without the store, or a process that stood still for so long. */
  readonly signal: AbortSignal;
}

export const CERTIFICATE_PREFIX = 'certificate:';

// Authorities let an order expire after about a week (RFC 8555 section 7.1.3).
const WEEK_MS = 7 * 86_400_000;
const NEW_PREFIX = 'acme-new-certificate:';
const LEASE_MS = 60_000;

export class AcmeRecords {
  readonly #store: Store;
  readonly #keys: Keyring;
  readonly #authority: string;
  readonly #node = randomUUID();

  /** Accounts and orders are of one authority: the URL of its directory. */
  constructor(store: Store, keys: Keyring, directory: string) {
    this.#store = store;
    this.#keys = keys;
    this.#authority = hashOf(directory);
  }

  /** The account key that all nodes share; `make` makes one where there is none, or none that this secret opens. */
  async accountKey(make: () => Promise<JWK>): Promise<JWK> {
    const key = `acme-account:${this.#authority}`;
    const found = await this.#store.get(key);
    const opened = found === undefined ? undefined : await open(found.value, this.#keys);
    if (opened !== undefined) return opened;
    const made = await make();
    const written = await this.#store.put(key, await seal(made, this.#keys), { ifVersion: found?.version ?? 0 });
    return written === undefined ? this.accountKey(make) : made; // another node was first: its key
  }

  /** Reads an entry of `CERTIFICATE_PREFIX`; undefined for one that this secret does not open. */
  async readCertificate({ value }: Entry): Promise<StoredCertificate | undefined> {
    const { chain, key } = readObject(value);
    const opened = typeof key === 'string' ? await open(key, this.#keys) : undefined;
    const pem = opened?.['pem'];
    return typeof chain === 'string' && typeof pem === 'string' ? { chain, key: pem } : undefined;
  }

  /** The entry of the certificate that there is now, for `readCertificate`. */
  async certificate(id: string): Promise<Entry | undefined> {
    return this.#store.get(CERTIFICATE_PREFIX + id);
  }

  /**
   * Keeps a certificate in place of the one of a version, which was there when the lease began: a node that was late takes nothing
   * back that the next one has obtained. Resolves to whether it is kept.
   */
  async keepCertificate(
    id: string,
    { chain, key }: StoredCertificate,
    notAfterMs: number,
    ifVersion: number,
  ): Promise<boolean> {
    const value = JSON.stringify({ chain, key: await seal({ pem: key }, this.#keys) });
    return (
      (await this.#store.put(CERTIFICATE_PREFIX + id, value, { expiresAtMs: notAfterMs, ifVersion })) !== undefined
    );
  }

  async order(id: string): Promise<StoredOrder | undefined> {
    const { url, key } = readObject((await this.#store.get(this.#orderKey(id)))?.value ?? '');
    const opened = typeof key === 'string' ? await open(key, this.#keys) : undefined;
    const pem = opened?.['pem'];
    return typeof url === 'string' && typeof pem === 'string' ? { url, key: pem } : undefined;
  }

  async keepOrder(id: string, { url, key }: StoredOrder): Promise<void> {
    const value = JSON.stringify({ url, key: await seal({ pem: key }, this.#keys) });
    await this.#store.put(this.#orderKey(id), value, { expiresAtMs: Date.now() + WEEK_MS });
  }

  async forgetOrder(id: string): Promise<void> {
    await this.#store.delete(this.#orderKey(id));
  }

  /** How many certificates that replace none all nodes were issued within a week, for one party or for all. */
  async newCertificates(party?: string): Promise<number> {
    return (await this.#store.list(NEW_PREFIX + (party === undefined ? '' : `${hashOf(party)}:`))).length;
  }

  /** Counts a certificate that replaces none. */
  async countNewCertificate(party: string): Promise<void> {
    const expiresAtMs = Date.now() + WEEK_MS;
    await this.#store.put(`${NEW_PREFIX}${hashOf(party)}:${randomUUID()}`, '', { expiresAtMs });
  }

  /** Runs what only one node may do at a time; undefined while another does it. A node that dies holds it for a minute. */
  async alone<T>(id: string, work: (lease: Lease) => Promise<T>): Promise<T | undefined> {
    const key = `acme-lease:${id}`;
    const end = new AbortController();
    const begunAtMs = performance.now();
    const expiry = () => ({ expiresAtMs: Date.now() + LEASE_MS });
    let held = await this.#store.put(key, this.#node, { ifVersion: 0, ...expiry() });
    if (held === undefined) return undefined;
    let renewedAtMs = begunAtMs;
    const renew = async (sentAtMs: number) => {
      if (held === undefined) return;
      held =
        (await this.#store.put(key, this.#node, { ifVersion: held.version, ...expiry() })) ?? (await this.#own(key));
      if (held === undefined) end.abort(new AcmeError('another node has the order now'));
      else renewedAtMs = sentAtMs;
    };
    const renewal = setInterval(() => {
      const nowMs = performance.now();
      if (nowMs - renewedAtMs >= LEASE_MS)
        end.abort(new AcmeError('the store was away, and another node may have the order'));
      renew(nowMs).catch(() => {}); // it is tried again until the lease is over
    }, LEASE_MS / 6).unref();
    try {
      return await work({ signal: end.signal });
    } finally {
      clearInterval(renewal);
      if (held !== undefined) await this.#store.delete(key, held.version).catch(() => {});
    }
  }

  // A renewal that has failed may have been written nevertheless.
  async #own(key: string): Promise<Entry | undefined> {
    const entry = await this.#store.get(key);
    return entry?.value === this.#node ? entry : undefined;
  }

  #orderKey(id: string): string {
    return `acme-order:${this.#authority}:${id}`;
  }
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 16);
}
