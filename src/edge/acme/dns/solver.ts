/**
 * DNS-01 (RFC 8555 section 8.4): a TXT record that the operator's name server takes by dynamic update, or that a program of
 * the operator publishes. Resolves once the name servers that anyone would ask have it.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { promises as dns } from 'node:dns';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { onOneLine } from '../../../core/plain-text.js';
import type { ChallengeSolver, Proof } from '../challenges.js';
import { AcmeError } from '../errors.js';

/** Puts TXT records into DNS. */
export interface TextRecords {
  add(name: string, text: string, signal: AbortSignal): Promise<void>;
  remove(name: string, text: string, signal: AbortSignal): Promise<void>;
}

const run = promisify(execFile);
const PROGRAM_TIMEOUT_MS = 120_000;
const MAX_OUTPUT_BYTES = 65_536;
const REMOVAL_LIMIT_MS = 10_000;

/**
 * Calls a program with `present` or `cleanup`, the name and the text, as its three arguments, never through a shell. Its exit
 * code 0 says that the record is published, or gone. It gets just this environment, so none of the edge's secrets.
 */
export function programRecords(program: string, environment: NodeJS.ProcessEnv): TextRecords {
  const call = async (action: string, name: string, text: string, signal: AbortSignal) => {
    const options = { timeout: PROGRAM_TIMEOUT_MS, maxBuffer: MAX_OUTPUT_BYTES, env: environment, signal };
    try {
      await run(program, [action, `${name}.`, text], options);
    } catch (error) {
      signal.throwIfAborted();
      const { code, stderr = '' } = error as { code?: unknown; stderr?: string };
      const said = onOneLine(stderr, 200);
      throw new AcmeError(`${program} ${action} ${name}: failed (${String(code)})${said === '' ? '' : `: ${said}`}`);
    }
  };
  return {
    add: (name, text, signal) => call('present', name, text, signal),
    remove: (name, text, signal) => call('cleanup', name, text, signal),
  };
}

export interface DnsSolverOptions {
  readonly records: TextRecords;
  /** Waits until a record is where authorities look. Default: on every name server of its zone, within two minutes. */
  readonly propagation?: (name: string, text: string, signal: AbortSignal) => Promise<void>;
}

export function dnsSolver({ records, propagation = untilPublished }: DnsSolverOptions): ChallengeSolver {
  return {
    type: 'dns-01',
    async present({ name, keyAuthorization }: Proof, signal) {
      const record = await canonical(`_acme-challenge.${name}`);
      const text = createHash('sha256').update(keyAuthorization).digest('base64url');
      // With a time limit of its own: an edge that stops takes its records away as well.
      const takeAway = () => records.remove(record, text, AbortSignal.timeout(REMOVAL_LIMIT_MS));
      await records.add(record, text, signal);
      try {
        await propagation(record, text, signal);
      } catch (error) {
        await takeAway().catch(() => {}); // the first fault says more
        throw error;
      }
      return takeAway;
    },
  };
}

// A CNAME hands the proof of a name over to another zone, which may be the only one that takes updates.
async function canonical(name: string): Promise<string> {
  const [target] = await dns.resolveCname(name).catch(() => []);
  return target === undefined || !/^[a-z0-9._-]+$/i.test(target) ? name : target.toLowerCase();
}

const PROPAGATION_LIMIT_MS = 120_000;
const PROPAGATION_POLL_MS = 2_000;
const MAX_SERVERS = 10;

async function untilPublished(name: string, text: string, signal: AbortSignal): Promise<void> {
  const deadline = AbortSignal.timeout(PROPAGATION_LIMIT_MS);
  let missing = await serversOf(name);
  while (missing.length > 0) {
    const has = await Promise.all(missing.map((server) => hasText(server, name, text)));
    missing = missing.filter((_, index) => !has[index]);
    if (missing.length > 0 && deadline.aborted)
      throw new AcmeError(`after two minutes the name server ${missing[0]} does not have the record of ${name} yet`);
    if (missing.length > 0) await sleep(PROPAGATION_POLL_MS, undefined, { signal });
  }
}

// The addresses of the name servers of the closest zone; none where this machine's resolver does not know it.
async function serversOf(name: string): Promise<string[]> {
  const labels = name.split('.');
  for (let from = 1; from < labels.length - 1; from++) {
    const hosts = await dns.resolveNs(labels.slice(from).join('.')).catch(() => []);
    if (hosts.length === 0) continue;
    const found = await Promise.all(hosts.slice(0, MAX_SERVERS).map((host) => dns.resolve4(host).catch(() => [])));
    return found.flat();
  }
  return [];
}

async function hasText(server: string, name: string, text: string): Promise<boolean> {
  const resolver = new dns.Resolver({ timeout: 5_000, tries: 1 });
  resolver.setServers([server]);
  const found = await resolver.resolveTxt(name).catch(() => []);
  return found.some((strings) => strings.join('') === text);
}
