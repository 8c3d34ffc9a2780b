/**
 * A certificate from two files, read again when they change: when a folder of theirs reports it (certbot and Kubernetes replace
 * links), once a minute where none does, and when the operator asks. What cannot be used is logged, and the one before it stays.
 */
import { type FSWatcher, readFileSync, statSync, watch } from 'node:fs';
import { dirname } from 'node:path';
import type { Log } from '../../core/log.js';
import { CertificateError, type CheckedCertificate, checkCertificate, type KeyedChain } from './certificate-check.js';

export interface CertificatePaths {
  readonly cert: string;
  readonly key: string;
}

// A program that renews writes two files, and replaces links besides.
const SETTLE_MS = 300;
const LOOK_INTERVAL_MS = 60_000;

// A chain of four certificates has about 8 kB.
const MAX_FILE_BYTES = 1_048_576;

const READABLE_BY_ALL = 0o004;

/** Reads and checks both files. Throws a `CertificateError` whose message names option and path. */
export function readCertificate(paths: CertificatePaths, host: string, nowMs: number): CheckedCertificate {
  const files = readFiles(paths);
  try {
    const checked = checkCertificate(files, host, nowMs);
    return { ...checked, warnings: [...checked.warnings, ...modeWarnings(paths)] };
  } catch (error) {
    if (!(error instanceof CertificateError)) throw error;
    throw new CertificateError(`POSTERN_TLS_CERT (${paths.cert}), POSTERN_TLS_KEY (${paths.key}): ${error.message}`, {
      cause: error,
    });
  }
}

export interface CertificateFilesOptions {
  readonly paths: CertificatePaths;
  /** The base host. */
  readonly host: string;
  readonly log: Log;
  /** Told of the first certificate, and of each one that replaces it. */
  readonly onCertificate: (certificate: CheckedCertificate) => void;
  readonly now?: () => number;
}

/** Follows the two files of a certificate. The caller closes it. */
export class CertificateFiles {
  readonly #options: CertificateFilesOptions;
  readonly #now: () => number;
  readonly #watchers: FSWatcher[] = [];
  readonly #look: NodeJS.Timeout;
  #settling: NodeJS.Timeout | undefined;
  #last: KeyedChain;
  /** Why the files could not be read when that was last tried. */
  #unreadable: string | undefined;

  /** Throws a `CertificateError` when the files cannot be used: there is no certificate yet that could stay. */
  constructor(options: CertificateFilesOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.#last = this.#take(readCertificate(options.paths, options.host, this.#now()));
    for (const folder of new Set([options.paths.cert, options.paths.key].map(dirname))) this.#watch(folder);
    this.#look = setInterval(() => this.reload(), LOOK_INTERVAL_MS).unref();
  }

  /** Reads the files now, and uses what they have if it is new and can be used. */
  reload(): void {
    const { paths, host, log } = this.#options;
    try {
      const files = readFiles(paths);
      this.#unreadable = undefined;
      if (files.chain === this.#last.chain && files.key === this.#last.key) return;
      this.#last = files; // a fault is reported once, not each minute
      this.#take(readCertificate(paths, host, this.#now()));
    } catch (error) {
      if (!(error instanceof CertificateError)) throw error;
      // Once as well: the log itself may be a file in that folder, and each line a change of it.
      if (error.message === this.#unreadable) return;
      this.#unreadable = error.message;
      log.error({ problem: error.message }, 'the new certificate cannot be used; the old one stays in use');
    }
  }

  close(): void {
    clearInterval(this.#look);
    clearTimeout(this.#settling);
    for (const watcher of this.#watchers) watcher.close();
  }

  #take(certificate: CheckedCertificate): KeyedChain {
    const { log, onCertificate } = this.#options;
    const { names, notAfterMs, warnings, chain, key } = certificate;
    onCertificate(certificate);
    log.info({ names, notAfter: new Date(notAfterMs).toISOString() }, 'a certificate is in use');
    for (const warning of warnings) log.warn({ names, warning }, 'about the certificate');
    return { chain, key };
  }

  // Where a folder cannot be watched, the look of each minute is what there is.
  #watch(folder: string): void {
    try {
      const watcher = watch(folder, { persistent: false }, () => {
        clearTimeout(this.#settling);
        this.#settling = setTimeout(() => this.reload(), SETTLE_MS).unref();
      });
      watcher.on('error', () => watcher.close());
      this.#watchers.push(watcher);
    } catch {
      this.#options.log.debug({ folder }, 'the folder cannot be watched');
    }
  }
}

function readFiles({ cert, key }: CertificatePaths): KeyedChain {
  return { chain: readPem('POSTERN_TLS_CERT', cert), key: readPem('POSTERN_TLS_KEY', key) };
}

function readPem(option: string, path: string): string {
  try {
    if (statSync(path).size > MAX_FILE_BYTES)
      throw new CertificateError(`${option}: ${path} is too large to be a PEM file`);
    return readFileSync(path, 'latin1');
  } catch (error) {
    if (error instanceof CertificateError) throw error;
    const code = error instanceof Error && 'code' in error ? ` (${error.code})` : '';
    throw new CertificateError(
      `${option}: ${path} cannot be read${code}: expected a PEM file that this user may read`,
      {
        cause: error,
      },
    );
  }
}

function modeWarnings({ key }: CertificatePaths): string[] {
  return (statSync(key).mode & READABLE_BY_ALL) === 0
    ? []
    : [`POSTERN_TLS_KEY: ${key} can be read by everyone on this machine: chmod 600 it`];
}
