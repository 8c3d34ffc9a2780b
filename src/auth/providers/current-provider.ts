/**
 * A provider as its metadata describes it now: read for the first visitor, and again from time to time, since a provider may move
 * an endpoint, or begin to require pushed requests, while the edge runs.
 */
import type { Log } from '../../core/log.js';
import { PosternError } from '../../errors.js';
import type { ClientAuthentication } from './client-authentication.js';
import { type DiscoveryOptions, discoverProvider, type Provider } from './discovery.js';
import { translate } from './translate.js';

export interface CurrentProviderOptions extends DiscoveryOptions {
  readonly log: Log;
  /** The clock, in milliseconds since the epoch. */
  readonly now?: () => number;
}

const RENEW_MS = 60 * 60_000;
const RETRY_MS = 60_000;

export class CurrentProvider {
  readonly #issuer: URL;
  readonly #options: CurrentProviderOptions;
  readonly #authentication: ClientAuthentication;
  readonly #now: () => number;
  #provider: Promise<Provider> | undefined;
  #renewAtMs = Number.POSITIVE_INFINITY;

  constructor(issuer: URL, options: CurrentProviderOptions, authentication: ClientAuthentication) {
    this.#issuer = issuer;
    this.#options = options;
    this.#authentication = authentication;
    this.#now = options.now ?? Date.now;
  }

  /**
   * Concurrent callers share one attempt. A failed one is not kept, so the next visitor tries again; metadata that was read is kept
   * until newer metadata can be used. Throws `ERR_PROVIDER_UNAVAILABLE`.
   */
  get(): Promise<Provider> {
    if (this.#provider === undefined) this.#provider = this.#first();
    else if (this.#now() >= this.#renewAtMs) void this.#renew();
    return this.#provider;
  }

  async #first(): Promise<Provider> {
    try {
      return await this.#discover();
    } catch (error) {
      this.#provider = undefined;
      const failure = new PosternError('ERR_PROVIDER_UNAVAILABLE', `discovery failed: ${translate(error).message}`);
      this.#warn(failure.message, 'identity provider unavailable');
      throw failure;
    }
  }

  async #renew(): Promise<void> {
    this.#renewAtMs = this.#now() + RETRY_MS; // one attempt at a time
    try {
      this.#provider = Promise.resolve(await this.#discover());
    } catch (error) {
      this.#warn(translate(error).message, 'newer metadata of the identity provider cannot be used: the older is kept');
    }
  }

  async #discover(): Promise<Provider> {
    const provider = await discoverProvider(this.#issuer, this.#options, this.#authentication);
    this.#renewAtMs = this.#now() + RENEW_MS;
    return provider;
  }

  #warn(reason: string, message: string): void {
    this.#options.log.warn({ issuer: this.#issuer.href, reason }, message);
  }
}
