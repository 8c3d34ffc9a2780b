/** Obtains one certificate at a time from an authority: opens the account, begins an order or goes on with one, completes it. */
import { AccountKey, type ExternalAccount } from './account-key.js';
import type { ChallengeSolver } from './challenges.js';
import { AcmeClient, type Resource } from './client.js';
import { AcmeError } from './errors.js';
import { completeOrder } from './order.js';
import type { AcmeRecords, Lease, StoredCertificate } from './records.js';
import type { AcmeFetch } from './transport.js';
import { certificateId, createRequest, generateKey } from './x509.js';

/** An authority, and who has the account there. */
export interface Authority {
  /** The URL of its directory. */
  readonly directory: string;
  /** Where it may write to. */
  readonly email: string | undefined;
  /** What the account is bound to, where the authority demands it (RFC 8555 section 7.3.4). */
  readonly externalAccount?: ExternalAccount | undefined;
}

export interface IssuerOptions {
  readonly records: AcmeRecords;
  readonly authority: Authority;
  /** In the order of preference. */
  readonly solvers: readonly ChallengeSolver[];
  /** Ends what runs. */
  readonly signal: AbortSignal;
  readonly fetch?: AcmeFetch | undefined;
}

interface Account {
  readonly key: AccountKey;
  readonly client: AcmeClient;
}

export class Issuer {
  readonly #options: IssuerOptions;
  #account: Promise<Account> | undefined;

  constructor(options: IssuerOptions) {
    this.#options = options;
  }

  /** The client of the account. Rejects with `AcmeError` while the authority cannot be used. */
  async client(): Promise<AcmeClient> {
    return (await this.#open()).client;
  }

  /**
   * Orders a certificate, or goes on with the order of this id that a process left behind. `replaced` is the certificate, PEM,
   * that this one is for. Ends with the lease. Rejects with `AcmeError`.
   */
  async issue(
    id: string,
    names: readonly string[],
    replaced: string | undefined,
    lease: Lease,
  ): Promise<StoredCertificate> {
    const { records, solvers } = this.#options;
    const signal = AbortSignal.any([this.#options.signal, lease.signal]);
    try {
      const account = await this.#open();
      const { order, key } = await this.#begin(account.client, id, names, replaced);
      const context = { ...account, solvers, request: await createRequest(key, names), signal };
      return { chain: await completeOrder(context, order), key };
    } catch (error) {
      this.#account = undefined; // the authority may have forgotten it: the next attempt opens it again
      // What the authority has decided against stays so; an order that it could not be asked about goes on next time.
      if (error instanceof AcmeError && error.isFinal) await records.forgetOrder(id);
      throw error;
    }
  }

  async #begin(
    client: AcmeClient,
    id: string,
    names: readonly string[],
    replaced: string | undefined,
  ): Promise<{ readonly order: Resource; readonly key: string }> {
    const { records } = this.#options;
    const begun = await records.order(id);
    const found = begun === undefined ? undefined : await client.read(begun.url, 'the order').catch(() => undefined);
    if (begun !== undefined && found !== undefined && found.body['status'] !== 'invalid')
      return { order: found, key: begun.key };
    const key = await generateKey();
    const order = await newOrder(client, names, replaced === undefined ? undefined : await certificateId(replaced));
    await records.keepOrder(id, { url: order.url, key });
    return { order, key };
  }

  #open(): Promise<Account> {
    this.#account ??= this.#openAccount().catch((error: unknown) => {
      this.#account = undefined; // the next attempt starts over
      throw error;
    });
    return this.#account;
  }

  async #openAccount(): Promise<Account> {
    const { records, signal, fetch } = this.#options;
    const { directory, email, externalAccount } = this.#options.authority;
    const key = await AccountKey.from(await records.accountKey(async () => (await AccountKey.generate()).jwk));
    const client = new AcmeClient({
      directory,
      key,
      externalAccount,
      signal,
      ...(fetch === undefined ? {} : { fetch }),
    });
    await client.openAccount(email);
    return { key, client };
  }
}

// An order may replace a certificate once (RFC 9773 section 5): one whose end this edge has not seen was the first.
function newOrder(client: AcmeClient, names: readonly string[], replaces: string | undefined): Promise<Resource> {
  return client.newOrder(names, replaces).catch((error: unknown) => {
    if (!(error instanceof AcmeError) || error.type !== 'alreadyReplaced') throw error;
    return client.newOrder(names);
  });
}
