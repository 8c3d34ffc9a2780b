/**
 * Certificates that the edge obtains itself: one with a wildcard where it can publish TXT records, else one for the base host
 * and one for each tunnel, from when its agent comes online.
 */
import { readFileSync } from 'node:fs';
import type { SecureContext } from 'node:tls';
import type { AcmeConfig } from '../../config/acme.js';
import { type BaseAddress, tunnelHost } from '../../core/hostname.js';
import { deriveKeys } from '../../core/keys.js';
import type { Log } from '../../core/log.js';
import { PosternError } from '../../errors.js';
import type { Store } from '../../store/store.js';
import type { ChallengeSolver } from '../acme/challenges.js';
import { dnsSolver, programRecords } from '../acme/dns/solver.js';
import { readTsigKey, type TsigKey } from '../acme/dns/tsig.js';
import { DynamicZone } from '../acme/dns/update.js';
import { AcmeManager } from '../acme/manager.js';
import { PublishedProofs } from '../acme/published-proofs.js';
import type { StoredCertificate } from '../acme/records.js';
import type { EdgeEvent } from '../ops/events.js';
import { type CheckedCertificate, checkCertificate } from './certificate-check.js';

export interface AcmeCertificatesOptions {
  readonly acme: AcmeConfig;
  readonly base: BaseAddress;
  readonly secrets: readonly string[];
  readonly store: Store;
  readonly log: Log;
  /** Told of each certificate that is new, and of those that the store has. */
  readonly onCertificate: (id: string, certificate: CheckedCertificate) => void;
}

/** The caller closes it. */
export class AcmeCertificates {
  readonly #options: AcmeCertificatesOptions;
  readonly #proofs: PublishedProofs;
  readonly #manager: AcmeManager;

  /** Throws `ERR_CONFIG_INVALID` when the key for dynamic updates cannot be used. */
  constructor(options: AcmeCertificatesOptions) {
    const { acme, secrets, store, log } = options;
    this.#options = options;
    const key = checkAcme(acme);
    this.#proofs = new PublishedProofs(store);
    this.#manager = new AcmeManager({
      ...{ store, log, authority: acme },
      keys: deriveKeys(secrets, 'acme'),
      solvers: solversOf(acme, key, this.#proofs),
      onCertificate: (id, certificate) => this.#use(id, certificate),
    });
  }

  /** Begins. Resolves once the certificates of the store are in use. One that has rejected may be called again. */
  async start(): Promise<void> {
    const { acme, base } = this.#options;
    await Promise.all([this.#proofs.ready, this.#manager.ready]);
    const wildcard = `*.${base.host}`;
    if (acme.dns === undefined) await this.#manager.want({ id: base.host, names: [base.host] });
    else await this.#manager.want({ id: wildcard, names: [base.host, wildcard] });
  }

  /** A tunnel has a certificate of its own where there is no wildcard, renewed while its agent is online. */
  on(event: EdgeEvent): void {
    const { acme, base, log } = this.#options;
    if (acme.dns !== undefined || event.kind !== 'tunnel-changed') return;
    const { tunnel, owner, isOnline } = event;
    const host = tunnelHost(base, tunnel);
    if (!isOnline) this.#manager.release(host);
    else
      void this.#manager.want({ id: host, names: [host], party: owner }).catch((error: unknown) => {
        log.error({ names: [host], problem: String(error) }, 'a certificate could not be looked up');
      });
  }

  /** Whether the certificate of an id is renewed now. */
  isWanted(id: string): boolean {
    return this.#manager.isWanted(id);
  }

  /** How many certificates are wanted whose last order has failed. */
  get failing(): number {
    return this.#manager.states.filter(({ problem }) => problem !== undefined).length;
  }

  /** The text at a path of HTTP-01; undefined where there is none. */
  readonly proofAt = (path: string): string | undefined => this.#proofs.textAt(path);

  /** The certificate that proves a name by TLS-ALPN-01; undefined where there is none. */
  readonly proofFor = (name: string): Promise<SecureContext | undefined> => this.#proofs.contextFor(name);

  // The id is the name, with `*.` where it is a wildcard.
  #use(id: string, { chain, key }: StoredCertificate): void {
    const { log, onCertificate } = this.#options;
    try {
      const checked = checkCertificate({ chain, key }, id.replace(/^\*\./, ''), Date.now());
      onCertificate(id, checked);
      log.info(
        { names: checked.names, notAfter: new Date(checked.notAfterMs).toISOString() },
        'a certificate is in use',
      );
    } catch (error) {
      const problem = error instanceof Error ? error.message : String(error);
      log.error({ names: [id], problem }, 'the new certificate cannot be used; the old one stays in use');
    }
  }

  async close(): Promise<void> {
    await this.#manager.close();
    this.#proofs.close();
  }
}

// TLS-ALPN-01 first: the port is the edge's own. HTTP-01 for authorities that do not offer it.
function solversOf(
  { dns, environment }: AcmeConfig,
  key: TsigKey | undefined,
  proofs: PublishedProofs,
): ChallengeSolver[] {
  if (dns?.kind === 'program') return [dnsSolver({ records: programRecords(dns.path, environment) })];
  if (dns?.kind === 'update' && key !== undefined)
    return [dnsSolver({ records: new DynamicZone({ server: dns.server, key }) })];
  return [proofs.solvers.tlsAlpn, proofs.solvers.http];
}

/** The key for dynamic updates, if they are configured. Throws `ERR_CONFIG_INVALID` when it cannot be used. */
export function checkAcme({ dns, dnsKey = '' }: AcmeConfig): TsigKey | undefined {
  return dns?.kind === 'update' ? readKey(dnsKey) : undefined;
}

function readKey(path: string): TsigKey {
  const invalid = (reason: string, cause?: unknown) =>
    new PosternError('ERR_CONFIG_INVALID', `POSTERN_ACME_DNS_KEY: ${path} ${reason}.`, { cause });
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch (error) {
    throw invalid('cannot be read: expected a file as tsig-keygen prints it', error);
  }
  const key = readTsigKey(text);
  if (key === undefined) throw invalid('holds no key: expected what tsig-keygen prints, with HMAC-SHA-224 or longer');
  return key;
}
