/**
 * Keeps certificates of an authority: orders those that are wanted and missing, renews them in time, and publishes every new
 * one, whichever node ordered it. An authority that fails takes nothing away: what works stays, and is tried again.
 */
import type { Keyring } from '../../auth/session/seal.js';
import type { Log } from '../../core/log.js';
import type { Entry, Store, Watch } from '../../store/store.js';
import type { ChallengeSolver } from './challenges.js';
import { AcmeError } from './errors.js';
import { type Authority, Issuer } from './issuer.js';
import { type CertificateState, dueAt, type Managed, manage, NEVER, type Wanted } from './managed.js';
import { AcmeRecords, CERTIFICATE_PREFIX, type Lease, type StoredCertificate } from './records.js';
import { type Lifetime, lifetimeOf, planRenewal, twoThirds } from './renewal.js';
import type { AcmeFetch } from './transport.js';

export interface AcmeManagerOptions {
  readonly store: Store;
  readonly keys: Keyring;
  readonly authority: Authority;
  /** In the order of preference. */
  readonly solvers: readonly ChallengeSolver[];
  readonly log: Log;
  /** Called with each new certificate, and at the start with those that the store has. */
  readonly onCertificate: (id: string, certificate: StoredCertificate) => void;
  readonly fetch?: AcmeFetch;
  readonly now?: () => number;
}

/**
 * New certificates within a week, renewals apart: below the fifty of a domain that Let's Encrypt issues, so that the
 * domain's other programs find some left.
 */
export const MAX_NEW_CERTIFICATES = 40;

/** Of those, for the tunnels of one owner. */
export const MAX_NEW_CERTIFICATES_OF_ONE = 10;

// Above it, what is neither wanted nor waiting to be tried again is forgotten.
const MANY = 1_000;

// While another node orders.
const LOOK_AGAIN_MS = 60_000;
const ASK_AGAIN_MS = 6 * 3_600_000;
const MIN_LIFE_MS = 3_600_000;
// A timer of Node takes no longer wait.
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Manages the certificates of one authority. The caller closes it. */
export class AcmeManager {
  readonly ready: Promise<void>;
  readonly #options: AcmeManagerOptions;
  readonly #records: AcmeRecords;
  readonly #issuer: Issuer;
  readonly #managed = new Map<string, Managed>();
  readonly #stop = new AbortController();
  readonly #now: () => number;
  readonly #watch: Watch;
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(options: AcmeManagerOptions) {
    const { store, keys, authority, solvers, fetch } = options;
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#records = new AcmeRecords(store, keys, authority.directory);
    const { signal } = this.#stop;
    this.#issuer = new Issuer({ records: this.#records, authority, solvers, signal, fetch });
    this.#watch = store.watch(CERTIFICATE_PREFIX, (change) => {
      const entries = change.kind === 'all' ? change.entries : change.kind === 'put' ? [change.entry] : [];
      for (const entry of entries) void this.#adopt(entry);
    });
    this.ready = this.#watch.ready;
  }

  /** Of those that are wanted. */
  get states(): CertificateState[] {
    const managed = [...this.#managed.values()].filter(({ isWanted }) => isWanted);
    return managed.map(({ names, current, problem }) => ({ names, notAfterMs: current?.notAfterMs, problem }));
  }

  isWanted(id: string): boolean {
    return this.#managed.get(id)?.isWanted === true;
  }

  /**
   * Keeps a certificate from now on. Resolves once what the store has is in use; an order goes on by itself. Rejects when the store
   * cannot be asked: the order looks there again, and another call does.
   */
  async want(wanted: Wanted): Promise<void> {
    const managed = this.#managed.get(wanted.id) ?? this.#begin(wanted);
    managed.isWanted = true;
    try {
      if (managed.current === undefined) await this.#lookUp(managed);
    } finally {
      this.#schedule();
    }
  }

  /** Renews a certificate no more until it is wanted again. It stays in use until it ends. */
  release(id: string): void {
    const managed = this.#managed.get(id);
    if (managed !== undefined) managed.isWanted = false;
  }

  /** Ends what runs; a later process goes on with an order that this one began. */
  async close(): Promise<void> {
    this.#stop.abort(new AcmeError('the edge stops'));
    clearTimeout(this.#timer);
    this.#watch.close();
    await this.#running;
  }

  #begin(wanted: Wanted): Managed {
    if (this.#managed.size >= MANY) this.#forgetUnwanted();
    const managed = manage(wanted, this.#now());
    this.#managed.set(wanted.id, managed);
    return managed;
  }

  /** Uses what the store has. Resolves to its version; 0 if there is none. */
  async #lookUp({ id }: Managed): Promise<number> {
    const entry = await this.#records.certificate(id);
    if (entry !== undefined) await this.#adopt(entry);
    return entry?.version ?? 0;
  }

  #forgetUnwanted(): void {
    for (const [id, managed] of this.#managed)
      if (!managed.isWanted && managed.renewAtMs <= this.#now()) this.#managed.delete(id);
  }

  async #adopt(entry: Entry): Promise<void> {
    const managed = this.#managed.get(entry.key.slice(CERTIFICATE_PREFIX.length));
    const certificate = managed === undefined ? undefined : await this.#records.readCertificate(entry);
    if (managed === undefined || certificate === undefined || this.#stop.signal.aborted) return;
    const lifetime = lifetimeOf(certificate, managed.names);
    if (lifetime === undefined || certificate.chain === managed.current?.chain) return;
    managed.backoff.reset();
    const nowMs = this.#now();
    const earliestMs = managed.current === undefined ? nowMs : nowMs + MIN_LIFE_MS;
    const due = { earliestMs, renewAtMs: Math.max(twoThirds(lifetime), earliestMs), askAgainAtMs: nowMs };
    Object.assign(managed, { current: { ...certificate, ...lifetime }, ...due, problem: undefined });
    this.#options.onCertificate(managed.id, certificate);
    this.#schedule();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    if (this.#stop.signal.aborted || this.#running !== undefined) return;
    const due = Math.min(...[...this.#managed.values()].map(dueAt));
    if (due === NEVER) return;
    const waitMs = Math.min(Math.max(due - this.#now(), 0), MAX_TIMER_MS);
    this.#timer = setTimeout(() => {
      this.#running = this.#run();
    }, waitMs).unref();
  }

  // One after the other: an authority limits how many orders an account may have open.
  async #run(): Promise<void> {
    for (const managed of [...this.#managed.values()]) {
      if (!this.#stop.signal.aborted && dueAt(managed) <= this.#now()) await this.#attempt(managed);
    }
    this.#running = undefined;
    this.#schedule();
  }

  async #attempt(managed: Managed): Promise<void> {
    const { current, renewAtMs } = managed;
    try {
      if (current !== undefined && renewAtMs > this.#now()) return await this.#plan(managed, current);
      managed.renewAtMs = this.#now() + LOOK_AGAIN_MS; // unless what follows says otherwise
      await this.#records.alone(managed.id, (lease) => this.#renew(managed, lease));
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#fail(managed, error);
    }
  }

  // What cannot be asked changes nothing: the certificate is renewed after two thirds of its lifetime.
  async #plan(managed: Managed, current: StoredCertificate & Lifetime): Promise<void> {
    managed.askAgainAtMs = this.#now() + ASK_AGAIN_MS;
    const client = await this.#issuer.client().catch(() => undefined);
    if (client === undefined) return;
    const { renewAtMs, askAgainAtMs } = await planRenewal(client, current.chain, current, this.#now());
    Object.assign(managed, { renewAtMs: Math.max(renewAtMs, managed.earliestMs), askAgainAtMs });
  }

  async #renew(managed: Managed, lease: Lease): Promise<void> {
    const { id, names, current, party } = managed;
    const version = await this.#lookUp(managed);
    if (managed.current !== current) return; // the store was away when it was looked for, or another node has just obtained it
    const counted = current === undefined ? party : undefined;
    if (counted !== undefined) await this.#checkBudget(counted);
    const certificate = await this.#issuer.issue(id, names, current?.chain, lease);
    const lifetime = lifetimeOf(certificate, names);
    if (lifetime === undefined || lifetime.notAfterMs <= this.#now())
      throw new AcmeError('the certificate authority issued a certificate for something else');
    // Its watch adopts it, on every node.
    if (!(await this.#records.keepCertificate(id, certificate, lifetime.notAfterMs, version)))
      throw new AcmeError('another node has obtained the certificate meanwhile');
    await this.#records.forgetOrder(id);
    if (counted !== undefined) await this.#records.countNewCertificate(counted);
    this.#options.log.info(
      { names, notAfter: new Date(lifetime.notAfterMs).toISOString() },
      'a certificate was issued',
    );
  }

  async #checkBudget(party: string): Promise<void> {
    const most = (count: number, whose: string) =>
      new AcmeError(`${count} new certificates within a week are the most ${whose}: no other is ordered now`);
    if ((await this.#records.newCertificates(party)) >= MAX_NEW_CERTIFICATES_OF_ONE)
      throw most(MAX_NEW_CERTIFICATES_OF_ONE, 'for the tunnels of one owner');
    if ((await this.#records.newCertificates()) >= MAX_NEW_CERTIFICATES)
      throw most(MAX_NEW_CERTIFICATES, 'for tunnels');
  }

  #fail(managed: Managed, error: unknown): void {
    const askedMs = error instanceof AcmeError ? (error.retryAfterMs ?? 0) : 0;
    const waitMs = Math.max(managed.backoff.next(), askedMs);
    managed.problem = error instanceof Error ? error.message : String(error);
    managed.renewAtMs = this.#now() + waitMs;
    const fields = { names: managed.names, problem: managed.problem, nextAttemptInSeconds: Math.round(waitMs / 1_000) };
    this.#options.log.error(fields, 'no certificate could be obtained; what there is stays in use');
  }
}
