/**
 * What would prevent visitors from reaching an edge, as far as this machine can tell: DNS of the base host and of tunnels, and
 * addresses that cannot be listened on. Each finding is a sentence; none of them prevents a start.
 */
import { randomBytes } from 'node:crypto';
import { lookup as systemLookup } from 'node:dns';
import type { EdgeConfig } from '../config/edge-config.js';
import { ListenError } from '../config/listen-error.js';
import { type BaseAddress, isLoopback } from '../core/hostname.js';
import type { Log } from '../core/log.js';
import { Listeners } from './visitors/listen/listeners.js';

export interface NameCheck {
  /** The IP addresses of a host; rejects when it has none. */
  readonly lookup?: (host: string) => Promise<readonly string[]>;
  /** How long one look-up may take. Default: 3 s. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 3_000;

// What a resolver reports of a name that does not exist, or has no address.
const ABSENT = new Set(['ENOTFOUND', 'ENODATA']);

/** Looks up the base host, and a tunnel of a random name. Never asks for localhost. */
export async function checkNames(
  { host }: Pick<BaseAddress, 'host'>,
  { lookup = lookupAll, timeoutMs = TIMEOUT_MS }: NameCheck = {},
): Promise<readonly string[]> {
  if (isLoopback(host)) return [];
  const tunnel = `check-${randomBytes(6).toString('hex')}.${host}`;
  const find = (name: string) => withTimeout(lookup(name), timeoutMs).catch((error: unknown) => codeOf(error));
  const [base, tunnels] = await Promise.all([find(host), find(tunnel)]);
  const findings = [absence(host, base), absence(`*.${host}`, tunnels)].filter((finding) => finding !== undefined);
  if (findings.length > 0 || typeof base === 'string' || typeof tunnels === 'string') return findings;
  if (tunnels.some((address) => base.includes(address))) return [];
  return [
    `DNS leads tunnels elsewhere: ${host} is ${base.join(', ')}, and *.${host} is ${tunnels.join(', ')}; expected one edge`,
  ];
}

/** Logs why visitors may not find an edge. Never rejects. */
export async function warnAboutNames({ base }: Pick<EdgeConfig, 'base'>, log: Log): Promise<void> {
  for (const finding of await checkNames(base)) log.warn({ finding }, 'visitors may not find this edge');
}

/** Listens on each port for a moment. A running edge has its own, so this is for a configuration that is not running. */
export async function checkPorts({ listen }: Pick<EdgeConfig, 'listen'>): Promise<readonly string[]> {
  const findings: string[] = [];
  for (const endpoint of listen.filter(({ kind }) => kind === 'tcp')) {
    const accept = (socket: { destroy(): void }) => socket.destroy();
    try {
      await (await Listeners.open({ endpoints: [endpoint], inherited: [], accept })).close();
    } catch (error) {
      findings.push(listenFinding(error));
    }
  }
  return findings;
}

/** What is said of a `ListenError`; throws any other error. */
export function listenFinding(error: unknown): string {
  if (!(error instanceof ListenError)) throw error;
  const own = error.code === 'EADDRINUSE' ? ' (an edge that runs already has its own addresses)' : '';
  return `${error.message.slice(0, -1)}${own}`;
}

function absence(name: string, found: readonly string[] | string): string | undefined {
  if (typeof found !== 'string') return undefined;
  if (ABSENT.has(found)) return `${name} has no address in DNS: visitors cannot find it until there is a record`;
  return `${name} cannot be looked up now (${found}): look at the DNS of this machine`;
}

/** Rejects with `ETIMEDOUT` when it takes longer. */
export function withTimeout<T>(promise: Promise<T>, ms: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(Object.assign(new Error('no response'), { code: 'ETIMEDOUT' })), ms);
    promise.then(resolve, reject).finally(() => clearTimeout(late));
  });
}

/** The addresses of a host, as this machine finds them. */
export function lookupAll(host: string): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    systemLookup(host, { all: true }, (error, found) => {
      if (error) reject(error);
      else resolve(found.map(({ address }) => address));
    });
  });
}

/** The code of a system error. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'no reason';
}
