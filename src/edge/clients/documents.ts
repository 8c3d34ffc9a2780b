/**
 * The clients that have a metadata document: fetched when a signed-in person is led here by one, kept for a while, good or bad,
 * and fetched by one request however many wait for it.
 */
import { RecentMap } from '../../core/recent-map.js';
import { PosternError } from '../../errors.js';
import { Pending } from '../../store/pending.js';
import { OAuthError } from '../oauth/oauth-error.js';
import { isCrossOrigin } from '../request/navigation.js';
import type { Visit } from '../request/visit.js';
import type { VisitLimit } from '../routes/visit-limit.js';
import type { Client } from './client.js';
import { documentHost, MAX_CLIENT_ID_CHARS, readDocument } from './document.js';
import type { DocumentFetch } from './document-fetch.js';

export interface ClientDocumentsOptions {
  readonly fetch: DocumentFetch;
  /** Limits the fetches of an account. */
  readonly limit: VisitLimit;
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
}

/** Who asks for a client: an account, in a visit that itself or a page of another origin has started. */
export interface DocumentAsker {
  readonly account: string;
  readonly visit: Pick<Visit, 'header'>;
}

type Outcome = { readonly client: Client } | { readonly error: OAuthError };

interface Kept {
  readonly outcome: Outcome;
  readonly untilMs: number;
}

export const MAX_DOCUMENTS = 1_000;
/** Documents that are being fetched, at once. */
export const MAX_FETCHES = 16;
/** Those for one account, and as many again that pages of other origins have led it to. */
export const MAX_FETCHES_OF_ONE = 2;

// What a server says of its document counts within these; one that fails is not asked again for a moment.
const MIN_KEPT_MS = 60_000;
const DEFAULT_KEPT_MS = 10 * 60_000;
const MAX_KEPT_MS = 3_600_000;
const FAILED_KEPT_MS = 30_000;

export class ClientDocuments {
  readonly #options: ClientDocumentsOptions;
  readonly #now: () => number;
  // It holds two generations of half as many.
  readonly #kept = new RecentMap<Kept>(MAX_DOCUMENTS / 2, MAX_CLIENT_ID_CHARS);
  readonly #fetching = new Map<string, Promise<Outcome>>();
  readonly #pending = new Pending();

  constructor(options: ClientDocumentsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /**
   * The client of a `client_id`; undefined if it is not the URL of a document. Rejects with an `OAuthError` for a document that
   * cannot be used, with `ERR_RATE_LIMITED`, and with `ERR_LIMIT_REACHED` when too many are being fetched.
   */
  async find(clientId: string, asker: DocumentAsker): Promise<Client | undefined> {
    const host = documentHost(clientId);
    if (host === undefined) return undefined;
    const kept = this.#kept.get(clientId);
    const isKept = kept !== undefined && kept.untilMs > this.#now();
    const outcome = isKept ? kept.outcome : await this.#fetchOnce(clientId, host, asker);
    if ('error' in outcome) throw outcome.error;
    return outcome.client;
  }

  async #fetchOnce(clientId: string, host: string, { account, visit }: DocumentAsker): Promise<Outcome> {
    await this.#options.limit.count(visit, account);
    const running = this.#fetching.get(clientId);
    if (running !== undefined) return running;
    if (this.#fetching.size >= MAX_FETCHES)
      throw new PosternError('ERR_LIMIT_REACHED', 'too many client documents are being fetched', { text: BUSY });
    const party = `${account} ${isCrossOrigin(visit)}`;
    if (this.#pending.of(party) >= MAX_FETCHES_OF_ONE)
      throw new PosternError('ERR_RATE_LIMITED', 'too many client documents for one account', { text: BUSY });
    const fetching = this.#pending
      .during([party], () => this.#fetch(clientId, host))
      .finally(() => this.#fetching.delete(clientId));
    this.#fetching.set(clientId, fetching);
    return fetching;
  }

  async #fetch(clientId: string, host: string): Promise<Outcome> {
    try {
      const { text, cacheControl } = await this.#options.fetch(clientId);
      return this.#keep(clientId, { client: readDocument(clientId, host, text) }, keptMs(cacheControl));
    } catch (thrown) {
      if (!(thrown instanceof OAuthError)) throw thrown;
      return this.#keep(clientId, { error: thrown }, FAILED_KEPT_MS);
    }
  }

  #keep(clientId: string, outcome: Outcome, forMs: number): Outcome {
    this.#kept.set(clientId, { outcome, untilMs: this.#now() + forMs });
    return outcome;
  }
}

const BUSY = 'Too many apps are being looked up at the moment: try again in a minute.';

function keptMs(cacheControl: string): number {
  if (/\bno-(?:store|cache)\b/i.test(cacheControl)) return MIN_KEPT_MS;
  const seconds = /\bmax-age="?(\d{1,9})/i.exec(cacheControl)?.[1];
  const askedMs = seconds === undefined ? DEFAULT_KEPT_MS : Number(seconds) * 1000;
  return Math.min(Math.max(askedMs, MIN_KEPT_MS), MAX_KEPT_MS);
}
