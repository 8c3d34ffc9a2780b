/**
 * Requests to the identity provider. Its responses are small JSON texts: one that is too large, a redirect or a server
 * error makes the provider unavailable.
 */
import { remedyFor } from '../../core/network-remedies.js';
import { PosternError } from '../../errors.js';

// The largest legitimate responses, userinfo with hundreds of groups, have about 50 kB.
const MAX_BODY_BYTES = 1024 * 1024;

// Statuses for which the constructor of `Response` accepts no body.
const WITHOUT_BODY = new Set([204, 205, 304]);

/**
 * `fetch` for the OpenID libraries. The caller's `signal` limits the time of the whole response, its body included. Throws
 * `ERR_PROVIDER_UNAVAILABLE`.
 */
export async function fetchFromProvider(url: string, options: RequestInit): Promise<Response> {
  try {
    const response = await fetch(url, options);
    const { status, headers } = response;
    const body = await readBody(response);
    checkStatus(status);
    return new Response(WITHOUT_BODY.has(status) ? null : body, { status, headers });
  } catch (error) {
    throw unavailable(error, url);
  }
}

function checkStatus(status: number): void {
  if (status >= 500 || status === 429) throw new Error(`it responded with status ${status}`);
  if (status >= 300 && status < 400) throw new Error(`it responded with a redirect (${status})`);
}

async function readBody(response: Response): Promise<Uint8Array<ArrayBuffer>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > MAX_BODY_BYTES) throw new Error('its response is larger than 1 MB'); // cancels the body
    chunks.push(chunk);
  }
  return new Uint8Array(Buffer.concat(chunks));
}

function unavailable(reason: unknown, url: string): PosternError {
  const { origin } = new URL(url);
  const detail = `the identity provider at ${origin} cannot be used: ${textOf(reason)}`;
  return new PosternError('ERR_PROVIDER_UNAVAILABLE', detail);
}

function textOf(reason: unknown): string {
  if (!(reason instanceof Error)) return String(reason);
  if (reason.name === 'TimeoutError') return 'it did not respond in time';
  return remedyFor(reason.cause) ?? [reason.message, messageOf(reason.cause)].filter(Boolean).join(': ');
}

function messageOf(cause: unknown): string | undefined {
  return cause instanceof Error ? cause.message : undefined;
}
