/** A certificate authority of a few lines, for what a real one does not do when it is asked to: fail, rate-limit, advise. */
import type { AcmeFetch } from '../../src/edge/acme/transport.js';

export const DIRECTORY = 'https://authority.test/dir';

/** What it responds with at a path: status, headers and body. */
export interface FakeResponse {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface FakeAuthority {
  readonly fetch: AcmeFetch;
  /** `METHOD path` of every request, in their order. */
  readonly requests: readonly string[];
}

const PLACES = { newNonce: '/nonce', newAccount: '/account', newOrder: '/order' };

/** An authority that has an account for everyone; `respond` decides about everything else, or changes what it would say. */
export function fakeAuthority(
  respond: (path: string, body: string) => FakeResponse | undefined = () => undefined,
  more: Readonly<Record<string, string>> = {},
): FakeAuthority {
  const requests: string[] = [];
  let nonces = 0;
  const standard = (path: string): FakeResponse => {
    const places = Object.entries({ ...PLACES, ...more }).map(([name, at]) => [name, `https://authority.test${at}`]);
    if (path === '/dir') return { body: Object.fromEntries(places) };
    if (path === PLACES.newNonce) return {};
    if (path === PLACES.newAccount)
      return { status: 201, headers: { location: 'https://authority.test/me' }, body: {} };
    return { status: 404, body: { type: 'urn:ietf:params:acme:error:malformed', detail: 'there is no such thing' } };
  };
  return {
    requests,
    fetch: async (url, { method = 'GET', body }) => {
      const path = new URL(url).pathname;
      requests.push(`${method} ${path}`);
      const { status = 200, headers = {}, body: content = '' } = respond(path, String(body ?? '')) ?? standard(path);
      const text = typeof content === 'string' ? content : JSON.stringify(content);
      return new Response(text, { status, headers: { 'replay-nonce': `nonce-${nonces++}`, ...headers } });
    },
  };
}
