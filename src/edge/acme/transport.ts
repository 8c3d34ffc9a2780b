/** HTTP to a certificate authority: https only, no redirects, bounded in time and size; every response is hostile until read. */
import { remedyFor } from '../../core/network-remedies.js';
import { onOneLine } from '../../core/plain-text.js';
import { trimOws } from '../../core/white-space.js';
import { AcmeError, asRecord } from './errors.js';

/** A response of the authority, read whole. */
export interface AcmeResponse {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export type AcmeFetch = (url: string, init: RequestInit) => Promise<Response>;

/** For one response with its body, in milliseconds. */
const TIMEOUT_MS = 30_000;
// A chain of certificates has about ten kilobytes.
const MAX_BODY_BYTES = 262_144;
const MAX_REASON_CHARS = 200;
const MAX_RETRY_AFTER_MS = 7 * 86_400_000;

/** Sends one request. Rejects with `AcmeError` when there is no response, or one that is too large. */
export async function send(
  fetcher: AcmeFetch,
  url: string,
  init: RequestInit,
  signal: AbortSignal,
): Promise<AcmeResponse> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
  try {
    const response = await fetcher(url, { ...init, redirect: 'error', signal: limit });
    return { status: response.status, headers: response.headers, text: await readText(response) };
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    if (error instanceof AcmeError) throw error;
    throw new AcmeError(`the certificate authority cannot be reached: ${reasonOf(error)}`, { cause: error });
  }
}

/** The JSON object of a response. Throws `AcmeError` for anything else. */
export function readJson({ text }: AcmeResponse, step: string): Readonly<Partial<Record<string, unknown>>> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return asRecord(value);
  } catch {
    // as for any other text
  }
  throw new AcmeError(`${step}: the certificate authority sent something other than a JSON object`);
}

/** An address that the authority names: https, without credentials. Throws `AcmeError`. */
export function readUrl(value: unknown, name: string): string {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined;
  if (url?.protocol === 'https:' && url.username === '' && url.password === '') return url.href;
  throw new AcmeError(`the certificate authority gave no https address for ${name}`);
}

/** `Retry-After` in milliseconds, seconds or a date (RFC 9110 section 10.2.3); undefined where it is missing or nonsense. */
export function retryAfter(headers: Headers, nowMs: number): number | undefined {
  const text = trimOws(headers.get('retry-after') ?? '');
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - nowMs;
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}

async function readText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) throw new AcmeError('the certificate authority sent more than 256 kB'); // cancels the body
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'no response within thirty seconds';
  const { cause } = error;
  if (!(cause instanceof Error)) return error.message;
  return remedyFor(cause) ?? `${error.message}: ${onOneLine(cause.message, MAX_REASON_CHARS)}`;
}
