/**
 * The client side of ACME (RFC 8555): signed requests with nonces, an account, and what an order needs. It waits for nothing
 * and decides nothing: `order.ts` does.
 */
import type { AccountKey, ExternalAccount, Signer } from './account-key.js';
import { AcmeError, asRecord, problemError } from './errors.js';
import { type AcmeFetch, type AcmeResponse, readJson, readUrl, retryAfter, send } from './transport.js';

export interface AcmeClientOptions {
  /** The URL of the authority's directory. */
  readonly directory: string;
  readonly key: AccountKey;
  /** What a new account is bound to, where the authority demands it (section 7.3.4). */
  readonly externalAccount?: ExternalAccount | undefined;
  /** Ends every request. */
  readonly signal: AbortSignal;
  readonly fetch?: AcmeFetch;
  readonly now?: () => number;
}

/** The body of a response, and where it was found. */
export interface Resource {
  readonly url: string;
  readonly body: Readonly<Partial<Record<string, unknown>>>;
  /** When to ask again, in milliseconds from now. */
  readonly retryAfterMs: number | undefined;
}

/** The resources of a directory (section 7.1.1). */
interface Directory {
  readonly newNonce: string;
  readonly newAccount: string;
  readonly newOrder: string;
  /** RFC 9773; undefined where the authority has none. */
  readonly renewalInfo: string | undefined;
  /** Whether new accounts must be bound to external ones. */
  readonly needsExternalAccount: boolean;
}

// A server rejects nonces that it has forgotten, and may do so several times in a row (section 6.5).
const MAX_NONCE_RETRIES = 10;
const MAX_NONCES = 10;
const BINDING_ERRORS: ReadonlySet<unknown> = new Set(['externalAccountRequired', 'unauthorized', 'malformed']);
const NO_EXTERNAL_ACCOUNT =
  'the certificate authority demands an account with it (external account binding): expected POSTERN_ACME_EAB_KID and POSTERN_ACME_EAB_KEY, as it gave them';
const WRONG_EXTERNAL_ACCOUNT = 'does POSTERN_ACME_EAB_KEY belong to POSTERN_ACME_EAB_KID, and can they be used still?';
const CONTENT_TYPE = { 'content-type': 'application/jose+json' };

export class AcmeClient {
  readonly #options: AcmeClientOptions;
  readonly #fetch: AcmeFetch;
  readonly #now: () => number;
  readonly #nonces: string[] = [];
  #directory: Promise<Directory> | undefined;
  #account: string | undefined;

  constructor(options: AcmeClientOptions) {
    this.#options = options;
    this.#fetch = options.fetch ?? fetch;
    this.#now = options.now ?? Date.now;
  }

  /** Rejects with `AcmeError` when the directory cannot be used, or asks for what is missing here. */
  async check(): Promise<void> {
    const { needsExternalAccount } = await this.#resources();
    if (needsExternalAccount && this.#options.externalAccount === undefined) throw new AcmeError(NO_EXTERNAL_ACCOUNT);
  }

  /** Creates the account, or finds the one of this key (section 7.3). */
  async openAccount(email: string | undefined): Promise<void> {
    const { newAccount } = await this.#resources();
    const { key, externalAccount } = this.#options;
    const contact = email === undefined ? {} : { contact: [`mailto:${email}`] };
    const bound = externalAccount && { externalAccountBinding: await key.bindTo(externalAccount, newAccount) };
    const payload = { termsOfServiceAgreed: true, ...contact, ...bound };
    const response = await this.#post(newAccount, payload, 'the account', { jwk: key.publicJwk }).catch(
      (error: unknown) => {
        throw this.#accountError(error);
      },
    );
    this.#account = readUrl(response.headers.get('location'), 'the account');
  }

  // Authorities differ in how they refuse a binding.
  #accountError(error: unknown): unknown {
    if (!(error instanceof AcmeError) || !BINDING_ERRORS.has(error.type)) return error;
    const { externalAccount } = this.#options;
    if (externalAccount === undefined)
      return error.type === 'externalAccountRequired' ? new AcmeError(NO_EXTERNAL_ACCOUNT) : error;
    return new AcmeError(`${error.message} (${WRONG_EXTERNAL_ACCOUNT})`, { type: error.type });
  }

  /** Orders a certificate for DNS names (section 7.4). `replaces` is the id of a certificate by RFC 9773 section 4.1. */
  async newOrder(names: readonly string[], replaces?: string): Promise<Resource> {
    const { newOrder, renewalInfo } = await this.#resources();
    const identifiers = names.map((value) => ({ type: 'dns', value }));
    const replacing = replaces === undefined || renewalInfo === undefined ? {} : { replaces };
    const response = await this.#post(newOrder, { identifiers, ...replacing }, 'the order');
    return this.#resource(readUrl(response.headers.get('location'), 'the order'), response, 'the order');
  }

  /** Reads an order, an authorization or a challenge (POST-as-GET). `step` names it in errors. */
  async read(url: string, step: string): Promise<Resource> {
    return this.#resource(url, await this.#post(url, undefined, step), step);
  }

  /** Says that a challenge can be validated now (section 7.5.1). */
  async respond(challenge: string): Promise<void> {
    await this.#post(challenge, {}, 'the challenge');
  }

  /** Sends the request for the certificate, DER (section 7.4). */
  async finalize(url: string, request: Buffer): Promise<void> {
    await this.#post(url, { csr: request.toString('base64url') }, 'the certificate');
  }

  /** The chain, PEM, leaf first (section 7.4.2). */
  async downloadChain(url: string): Promise<string> {
    return (await this.#post(url, undefined, 'the certificate')).text;
  }

  /** When the authority wants a certificate renewed (RFC 9773 section 4); undefined where it does not say. */
  async renewalInfo(certificateId: string): Promise<Resource | undefined> {
    const { renewalInfo } = await this.#resources();
    if (renewalInfo === undefined) return undefined;
    const url = `${renewalInfo.replace(/\/$/, '')}/${certificateId}`;
    return this.#resource(url, await this.#get(url, 'the renewal information'), 'the renewal information');
  }

  #resource(url: string, response: AcmeResponse, step: string): Resource {
    return { url, body: readJson(response, step), retryAfterMs: retryAfter(response.headers, this.#now()) };
  }

  #resources(): Promise<Directory> {
    this.#directory ??= this.#readDirectory().catch((error: unknown) => {
      this.#directory = undefined; // the next attempt reads it again
      throw error;
    });
    return this.#directory;
  }

  async #readDirectory(): Promise<Directory> {
    const body = readJson(await this.#get(this.#options.directory, 'the directory'), 'the directory');
    const { newNonce, newAccount, newOrder, renewalInfo, meta } = body;
    return {
      newNonce: readUrl(newNonce, 'newNonce'),
      newAccount: readUrl(newAccount, 'newAccount'),
      newOrder: readUrl(newOrder, 'newOrder'),
      renewalInfo: renewalInfo === undefined ? undefined : readUrl(renewalInfo, 'renewalInfo'),
      needsExternalAccount: asRecord(meta)['externalAccountRequired'] === true,
    };
  }

  async #get(url: string, step: string): Promise<AcmeResponse> {
    const response = await send(this.#fetch, url, {}, this.#options.signal);
    if (response.status !== 200) throw this.#failure(response, step);
    return response;
  }

  async #post(url: string, payload: object | undefined, step: string, signer?: Signer): Promise<AcmeResponse> {
    for (let attempt = 0; ; attempt++) {
      const response = await this.#postOnce(url, payload, signer ?? this.#signer());
      if (response.status >= 200 && response.status < 300) return response;
      const failure = this.#failure(response, step);
      if (failure.type !== 'badNonce' || attempt >= MAX_NONCE_RETRIES) throw failure;
    }
  }

  async #postOnce(url: string, payload: object | undefined, signer: Signer): Promise<AcmeResponse> {
    const body = await this.#options.key.sign(payload, { ...signer, nonce: await this.#takeNonce(), url });
    const init = { method: 'POST', headers: CONTENT_TYPE, body };
    const response = await send(this.#fetch, url, init, this.#options.signal);
    this.#keepNonce(response);
    return response;
  }

  #signer(): Signer {
    if (this.#account === undefined) throw new AcmeError('the account is not open');
    return { kid: this.#account };
  }

  async #takeNonce(): Promise<string> {
    const kept = this.#nonces.pop();
    if (kept !== undefined) return kept;
    const { newNonce } = await this.#resources();
    const response = await send(this.#fetch, newNonce, { method: 'HEAD' }, this.#options.signal);
    this.#keepNonce(response);
    const nonce = this.#nonces.pop();
    if (nonce === undefined) throw new AcmeError(`the certificate authority gave no nonce (status ${response.status})`);
    return nonce;
  }

  #keepNonce({ headers }: AcmeResponse): void {
    const nonce = headers.get('replay-nonce') ?? '';
    if (/^[\w-]{1,256}$/.test(nonce) && this.#nonces.length < MAX_NONCES) this.#nonces.push(nonce);
  }

  #failure(response: AcmeResponse, step: string): AcmeError {
    const waitMs = retryAfter(response.headers, this.#now());
    try {
      return problemError(step, JSON.parse(response.text), { retryAfterMs: waitMs });
    } catch {
      return new AcmeError(`${step}: the certificate authority responded with status ${response.status}`, {
        retryAfterMs: waitMs,
      });
    }
  }
}
