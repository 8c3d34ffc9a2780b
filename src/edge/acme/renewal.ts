/** When a certificate is renewed: when its authority says (ARI, RFC 9773), else after two thirds of its lifetime. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { AcmeClient } from './client.js';
import { asRecord } from './errors.js';
import type { StoredCertificate } from './records.js';
import { certificateId } from './x509.js';

/** The lifetime of a certificate, in milliseconds since the epoch. */
export interface Lifetime {
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** When to renew, and when to ask the authority again, in milliseconds since the epoch. */
export interface RenewalPlan {
  readonly renewAtMs: number;
  readonly askAgainAtMs: number;
}

// RFC 9773 section 4.3 asks for limits of one's own on what the authority says.
const MIN_ASK_MS = 60_000;
const MAX_ASK_MS = 86_400_000;
const DEFAULT_ASK_MS = 6 * 3_600_000;

/** The lifetime of a certificate that has all these names and fits its key; undefined for any other. */
export function lifetimeOf({ chain, key }: StoredCertificate, names: readonly string[]): Lifetime | undefined {
  try {
    const leaf = new X509Certificate(chain);
    const sample = (name: string) => name.replace(/^\*\./, 'any.');
    if (!names.every((name) => leaf.checkHost(sample(name), { subject: 'never' }) !== undefined)) return undefined;
    if (!leaf.checkPrivateKey(createPrivateKey(key))) return undefined;
    return { notBeforeMs: Date.parse(leaf.validFrom), notAfterMs: Date.parse(leaf.validTo) };
  } catch {
    return undefined; // not a certificate
  }
}

/** Two thirds of a lifetime, in milliseconds since the epoch: certificates of six days and of ninety alike. */
export function twoThirds({ notBeforeMs, notAfterMs }: Lifetime): number {
  return notBeforeMs + ((notAfterMs - notBeforeMs) * 2) / 3;
}

/**
 * The plan for a certificate, PEM. An authority that cannot be asked, or says nonsense, changes nothing: it is two thirds
 * then. `random` is in [0, 1).
 */
export async function planRenewal(
  client: AcmeClient,
  pem: string,
  lifetime: Lifetime,
  nowMs: number,
  random: () => number = Math.random,
): Promise<RenewalPlan> {
  const fallback = { renewAtMs: twoThirds(lifetime), askAgainAtMs: nowMs + DEFAULT_ASK_MS };
  const id = await certificateId(pem);
  if (id === undefined) return { ...fallback, askAgainAtMs: Number.POSITIVE_INFINITY };
  const info = await client.renewalInfo(id).catch(() => null);
  if (info === null) return fallback;
  if (info === undefined) return { ...fallback, askAgainAtMs: Number.POSITIVE_INFINITY }; // it knows no such thing
  const { start, end } = asRecord(info.body['suggestedWindow']);
  const [startMs, endMs] = [start, end].map((text) => (typeof text === 'string' ? Date.parse(text) : Number.NaN));
  const askMs = Math.min(Math.max(info.retryAfterMs ?? DEFAULT_ASK_MS, MIN_ASK_MS), MAX_ASK_MS);
  const askAgainAtMs = nowMs + askMs;
  if (startMs === undefined || endMs === undefined || !(endMs > startMs)) return { ...fallback, askAgainAtMs };
  // Anywhere in the window, so that not all come at once; never past what is safe anyway.
  const withinMs = startMs + (endMs - startMs) * random();
  return { renewAtMs: Math.min(withinMs, lifetime.notAfterMs - MIN_ASK_MS), askAgainAtMs };
}
