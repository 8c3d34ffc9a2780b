/**
 * Replies that a page of any origin may read (CORS; Fetch, section 3.2): what is the same for everyone, and what a public client
 * of OAuth gets for what it knows. Never with credentials, so a browser's cookies count for none of them.
 */
import type { Reply, VisitRequest } from '../request/visit.js';

const ANY_ORIGIN = { 'Access-Control-Allow-Origin': '*' };

// What clients send beside what needs no permission. `Authorization` is not among them: none of these takes a credential there.
const HEADERS = 'Content-Type, MCP-Protocol-Version';
const PREFLIGHT_SECONDS = 86_400;

export function openToPages(reply: Reply): Reply {
  return { ...reply, headers: { ...reply.headers, ...ANY_ORIGIN } };
}

/** To the preflight of such a reply's request. */
export function openPreflightReply(methods: string): Reply {
  return {
    status: 204,
    headers: {
      ...ANY_ORIGIN,
      'Access-Control-Allow-Methods': methods,
      'Access-Control-Allow-Headers': HEADERS,
      'Access-Control-Max-Age': String(PREFLIGHT_SECONDS),
      'Cache-Control': 'no-store',
    },
    body: '',
  };
}

/** Whether a request is a preflight. */
export function isPreflight({ method, header }: Pick<VisitRequest, 'method' | 'header'>): boolean {
  return method === 'OPTIONS' && header['access-control-request-method'] !== undefined;
}
