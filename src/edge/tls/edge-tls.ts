/** TLS of an edge: its certificates and where they come from, as its configuration has them. */
import type { SecureContext } from 'node:tls';
import type { EdgeConfig } from '../../config/edge-config.js';
import type { Log } from '../../core/log.js';
import { PosternError } from '../../errors.js';
import type { Store } from '../../store/store.js';
import { AccountKey } from '../acme/account-key.js';
import { AcmeClient } from '../acme/client.js';
import type { EdgeEvent } from '../ops/events.js';
import { AcmeCertificates, checkAcme } from './acme-certificates.js';
import { CertificateError, type CheckedCertificate } from './certificate-check.js';
import { CertificateFiles, readCertificate } from './certificate-files.js';
import { type CertificateState, Certificates } from './certificates.js';
import { watchExpiry } from './expiry.js';

const AUTHORITY_LIMIT_MS = 10_000;
const NO_RESPONSE = 'the certificate authority did not respond within ten seconds';

type TlsConfig = Pick<EdgeConfig, 'base' | 'secrets' | 'tls' | 'acme'>;

/** The caller closes it. */
export class EdgeTls {
  readonly #certificates: Certificates;
  readonly #files: CertificateFiles | undefined;
  readonly #acme: AcmeCertificates | undefined;
  readonly #stopWatching: () => void;

  /** Throws `ERR_CONFIG_INVALID` when the files of the configuration cannot be used. */
  constructor({ base, secrets, tls, acme }: TlsConfig, store: Store, log: Log) {
    const certificates = new Certificates({ secrets });
    this.#certificates = certificates;
    const onCertificate = (certificate: CheckedCertificate) => certificates.use('files', certificate);
    this.#files = configured(() => tls && new CertificateFiles({ paths: tls, host: base.host, log, onCertificate }));
    const use = (id: string, certificate: CheckedCertificate) => certificates.use(id, certificate);
    this.#acme = acme && new AcmeCertificates({ acme, base, secrets, store, log, onCertificate: use });
    this.#stopWatching = watchExpiry(() => this.states, log);
  }

  /**
   * Resolves once the certificates that the store has are in use. Those that it does not have are ordered meanwhile. One that has
   * rejected may be called again.
   */
  async start(): Promise<void> {
    await this.#acme?.start();
  }

  /** What an authority looks for at this edge. */
  get proofs(): Pick<AcmeCertificates, 'proofAt' | 'proofFor'> | undefined {
    return this.#acme;
  }

  /** Follows which tunnels are online. */
  on(event: EdgeEvent): void {
    this.#acme?.on(event);
  }

  /** For the name of a handshake; undefined while there is no certificate. */
  readonly contextFor = (servername: string | undefined): SecureContext | undefined =>
    this.#certificates.contextFor(servername);

  /** The certificates that are in use and stay so: not those of tunnels that are offline, which are not renewed. */
  get states(): readonly CertificateState[] {
    return this.#certificates.states.filter(({ id }) => this.#acme?.isWanted(id) ?? true);
  }

  /** How many certificates could not be obtained when the edge last tried. */
  get failing(): number {
    return this.#acme?.failing ?? 0;
  }

  /** Reads the files now. */
  reload(): void {
    this.#files?.reload();
  }

  async close(): Promise<void> {
    this.#stopWatching();
    this.#files?.close();
    await this.#acme?.close();
    this.#certificates.close();
  }
}

/** What is wrong with the certificate although it can be used. Throws `ERR_CONFIG_INVALID` when it cannot. */
export function checkTls({ base, tls, acme }: Omit<TlsConfig, 'secrets'>, nowMs = Date.now()): readonly string[] {
  if (acme !== undefined) checkAcme(acme);
  return configured(() => (tls === undefined ? [] : readCertificate(tls, base.host, nowMs).warnings));
}

/** What keeps the authority of a configuration from issuing certificates, as far as its directory tells. */
export async function checkAuthority({ acme }: Pick<EdgeConfig, 'acme'>): Promise<readonly string[]> {
  if (acme === undefined) return [];
  const key = await AccountKey.generate();
  const { directory, externalAccount } = acme;
  const client = new AcmeClient({ directory, externalAccount, key, signal: AbortSignal.timeout(AUTHORITY_LIMIT_MS) });
  return client.check().then(
    () => [],
    (error: Error) => [`POSTERN_ACME_DIRECTORY: ${error.name === 'TimeoutError' ? NO_RESPONSE : error.message}.`],
  );
}

function configured<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    throw new PosternError('ERR_CONFIG_INVALID', `${error.message}.`, { cause: error });
  }
}
