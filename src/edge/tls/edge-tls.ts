/** TLS of an edge: its certificates and where they come from, as its configuration has them. */
import type { SecureContext } from 'node:tls';
import type { EdgeConfig } from '../../config/edge-config.js';
import type { Log } from '../../core/log.js';
import { PosternError } from '../../errors.js';
import { CertificateError, type CheckedCertificate } from './certificate-check.js';
import { CertificateFiles, readCertificate } from './certificate-files.js';
import { type CertificateState, Certificates } from './certificates.js';
import { watchExpiry } from './expiry.js';

/** The caller closes it. */
export class EdgeTls {
  readonly #certificates: Certificates;
  readonly #files: CertificateFiles | undefined;
  readonly #stopWatching: () => void;

  /** Throws `ERR_CONFIG_INVALID` when the files of the configuration cannot be used. */
  constructor({ base, secrets, tls }: Pick<EdgeConfig, 'base' | 'secrets' | 'tls'>, log: Log) {
    const certificates = new Certificates({ secrets });
    this.#certificates = certificates;
    const onCertificate = (certificate: CheckedCertificate) => certificates.use('files', certificate);
    this.#files = configured(() => tls && new CertificateFiles({ paths: tls, host: base.host, log, onCertificate }));
    this.#stopWatching = watchExpiry(() => certificates.states, log);
  }

  /** For the name of a handshake; undefined while there is no certificate. */
  readonly contextFor = (servername: string | undefined): SecureContext | undefined =>
    this.#certificates.contextFor(servername);

  /** The certificates that are in use. */
  get states(): readonly CertificateState[] {
    return this.#certificates.states;
  }

  /** Reads the files now. */
  reload(): void {
    this.#files?.reload();
  }

  close(): void {
    this.#stopWatching();
    this.#files?.close();
    this.#certificates.close();
  }
}

/** What is wrong with the certificate although it can be used. Throws `ERR_CONFIG_INVALID` when it cannot. */
export function checkTls({ base, tls }: Pick<EdgeConfig, 'base' | 'tls'>, nowMs = Date.now()): readonly string[] {
  return configured(() => (tls === undefined ? [] : readCertificate(tls, base.host, nowMs).warnings));
}

function configured<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    throw new PosternError('ERR_CONFIG_INVALID', `${error.message}.`, { cause: error });
  }
}
