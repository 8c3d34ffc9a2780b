/**
 * The certificates of an edge, from files or from an authority: chosen by the name that a client asks for, replaced
 * while connections go on, and known by their last day to logs and metrics.
 */
import { createSecureContext, type SecureContext } from 'node:tls';
import type { CheckedCertificate } from './certificate-check.js';
import { msToNextTicketKey, TICKET_PERIOD_MS, ticketKeyAt } from './ticket-keys.js';

/** What metrics and people may know of a certificate. */
export interface CertificateState {
  readonly id: string;
  readonly names: readonly string[];
  /** In milliseconds since the epoch. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** TLS 1.3 and, of TLS 1.2, forward secrecy with authenticated encryption: Mozilla's intermediate configuration. */
export const CIPHERS = [
  'TLS_AES_128_GCM_SHA256',
  'TLS_AES_256_GCM_SHA384',
  'TLS_CHACHA20_POLY1305_SHA256',
  'ECDHE-ECDSA-AES128-GCM-SHA256',
  'ECDHE-RSA-AES128-GCM-SHA256',
  'ECDHE-ECDSA-AES256-GCM-SHA384',
  'ECDHE-RSA-AES256-GCM-SHA384',
  'ECDHE-ECDSA-CHACHA20-POLY1305',
  'ECDHE-RSA-CHACHA20-POLY1305',
].join(':');

interface InUse {
  readonly certificate: CheckedCertificate;
  context: SecureContext;
}

export interface CertificatesOptions {
  /** Newest first: the first one gives the keys of session tickets. */
  readonly secrets: readonly string[];
  readonly now?: () => number;
}

/** The caller closes it. */
export class Certificates {
  readonly #secrets: readonly string[];
  readonly #now: () => number;
  readonly #inUse = new Map<string, InUse>();
  #byName = new Map<string, SecureContext>();
  #rotation: NodeJS.Timeout | undefined;

  constructor({ secrets, now = Date.now }: CertificatesOptions) {
    this.#secrets = secrets;
    this.#now = now;
    this.#rotateInTime();
  }

  /** Uses a certificate from now on, in place of the one that had this id. The first id is that of the default. */
  use(id: string, certificate: CheckedCertificate): void {
    this.#inUse.set(id, { certificate, context: this.#contextOf(certificate) });
    this.#dropEnded();
    this.#index();
  }

  /**
   * For the name of a handshake (SNI, RFC 6066 section 3). A client that asks for no name, or for one that no certificate has, is
   * shown the default: it sees a certificate of another name, which says more than an alert. Undefined while there is none.
   */
  contextFor(servername: string | undefined): SecureContext | undefined {
    const name = servername?.toLowerCase() ?? '';
    const parent = `*${name.slice(name.indexOf('.'))}`;
    return this.#byName.get(name) ?? this.#byName.get(parent) ?? this.#default;
  }

  get states(): readonly CertificateState[] {
    return [...this.#inUse].map(
      ([
        id,
        {
          certificate: { names, notBeforeMs, notAfterMs },
        },
      ]) => ({
        ...{ id, names, notBeforeMs, notAfterMs },
      }),
    );
  }

  close(): void {
    clearTimeout(this.#rotation);
  }

  get #default(): SecureContext | undefined {
    const [first] = this.#inUse.values();
    return first?.context;
  }

  #contextOf({ chain, key }: CheckedCertificate): SecureContext {
    return createSecureContext({
      cert: chain,
      key,
      ciphers: CIPHERS,
      minVersion: 'TLSv1.2',
      honorCipherOrder: false, // all of them are good: a client knows which one it computes fastest
      // Not of this process, as Node's own is, or no ticket would outlive it.
      sessionIdContext: 'postern',
      ticketKeys: ticketKeyAt(this.#secrets, this.#now()),
      sessionTimeout: TICKET_PERIOD_MS / 1_000,
    });
  }

  // Those of tunnels that are gone are many in the course of years. The default stays: its name says whose edge this is.
  #dropEnded(): void {
    for (const [id, { certificate, context }] of this.#inUse)
      if (certificate.notAfterMs <= this.#now() && context !== this.#default) this.#inUse.delete(id);
  }

  #index(): void {
    const names = [...this.#inUse.values()].flatMap(({ certificate, context }) =>
      certificate.names.map((name) => [name, context] as const),
    );
    this.#byName = new Map(names);
  }

  // A context has one ticket key for as long as it lives.
  #rotateInTime(): void {
    this.#rotation = setTimeout(() => {
      for (const one of this.#inUse.values()) one.context = this.#contextOf(one.certificate);
      this.#index();
      this.#rotateInTime();
    }, msToNextTicketKey(this.#now())).unref();
  }
}
