/**
 * What the edge knows of a request before anybody decides on it: an id, the place it is for, the visitor's address.
 * Refuses what has no single meaning (RFC 9112 sections 3.2 and 3.3): the bytes that the gate judges are the bytes that
 * are forwarded, so nothing here is normalised, only accepted or refused.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { type BaseAddress, type Place, placeOf, readHost } from '../../core/hostname.js';
import { RecentMap } from '../../core/recent-map.js';
import { PosternError } from '../../errors.js';
import { headerValues, type RawHeaders } from '../../http/header-rules.js';
import { ConnectionCache } from './connection-cache.js';
import { MAX_HEADERS } from './limits.js';

/** One request as the edge sees it. Lives as long as the request. */
export interface RequestContext {
  /** Stands in our pages, in the log, and in `X-Request-Id` to the target. */
  readonly id: string;
  /** Canonical host, without port; empty when the request has none that is valid. */
  readonly host: string;
  readonly place: Place;
  /** The visitor's IP address. */
  readonly address: string;
  /** `performance.now()` at arrival. */
  readonly arrivedAtMs: number;
  /** Of the visitor's connection. */
  readonly cache: ConnectionCache;
}

// A property of the request rather than a WeakMap, which costs fifty times as much on the path of each request.
const CONTEXT = Symbol('context');

type Known = IncomingMessage & { [CONTEXT]?: RequestContext };

const CACHE = Symbol('cache');

type VisitorSocket = Socket & { [CACHE]?: ConnectionCache };

/** Reads the context of a request that arrives, and remembers it. Never throws: a bad host is an unknown place. */
export function openContext(request: IncomingMessage, base: BaseAddress, address: string): RequestContext {
  const { host, place } = destination(request.rawHeaders, base);
  const cache = cacheOf(request.socket);
  const context = { id: randomUUID(), host, place, address, arrivedAtMs: performance.now(), cache };
  (request as Known)[CONTEXT] = context;
  return context;
}

function cacheOf(socket: VisitorSocket): ConnectionCache {
  socket[CACHE] ??= new ConnectionCache();
  return socket[CACHE];
}

type Destination = Pick<RequestContext, 'host' | 'place'>;

// The few hosts that visitors ask for again and again. One that is none is not kept: nobody can fill this with those.
const MAX_KNOWN_HOSTS = 1_000;
const MAX_KNOWN_HOST_CHARACTERS = 260; // a DNS name of 253 and its port
const knownHosts = new WeakMap<BaseAddress, RecentMap<Destination>>();

function destination(headers: RawHeaders, base: BaseAddress): Destination {
  const lines = headerValues(headers, 'host');
  const [line = ''] = lines;
  const known = lines.length === 1 ? knownHosts.get(base)?.get(line) : undefined;
  if (known !== undefined) return known;
  const host = readHost(lines) ?? '';
  const found: Destination = { host, place: placeOf(host, base) };
  if (found.place.kind !== 'unknown') remember(base, line, found);
  return found;
}

function remember(base: BaseAddress, line: string, found: Destination): void {
  const hosts = knownHosts.get(base) ?? new RecentMap<Destination>(MAX_KNOWN_HOSTS, MAX_KNOWN_HOST_CHARACTERS);
  knownHosts.set(base, hosts);
  hosts.set(line, found);
}

/** The context of a request that came through the front door. */
export function contextOf(request: IncomingMessage): RequestContext {
  const context = (request as Known)[CONTEXT];
  if (context === undefined) throw new PosternError('ERR_INTERNAL', 'a request without a context');
  return context;
}

/** Throws for a request that has no single meaning, or whose method is not for us to forward. */
export function checkRequest(request: IncomingMessage, context: RequestContext): void {
  if (request.rawHeaders.length > 2 * MAX_HEADERS) throw new PosternError('ERR_HEADERS_TOO_LARGE', 'too many headers');
  // Node's parser lets HTTP/0.9, a bare `GET /` and HTTP/2.0 through: lines that another reader answers in its own way.
  if (request.httpVersionMajor !== 1) throw new PosternError('ERR_BAD_REQUEST', 'not HTTP/1');
  if (context.host === '') throw new PosternError('ERR_BAD_REQUEST', 'there must be one valid Host header');
  if (request.method === 'TRACE' || request.method === 'CONNECT') throw new PosternError('ERR_METHOD_REFUSED');
  const target = request.url ?? '';
  // Absolute form, `*` and fragments: legal somewhere, but two readers would read two different targets.
  if (!target.startsWith('/') || target.includes('#'))
    throw new PosternError('ERR_BAD_REQUEST', 'unfit request target');
  // A body in any other coding would arrive at the target without the header that says so.
  const coding = request.headers['transfer-encoding'];
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    throw new PosternError('ERR_BAD_REQUEST', 'a transfer coding other than chunked');
  if (context.place.kind === 'unknown') throw new PosternError('ERR_TUNNEL_UNKNOWN');
}

/** Whether the path is the edge's own on a tunnel's host. Exact: every other spelling belongs to the app. */
export function isOwnPath(target: string): boolean {
  return target.startsWith('/.postern/') || target === '/.postern' || target.startsWith('/.postern?');
}

/** Whether the request has a body (RFC 9112 section 6). */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Whether the body has no length of its own: then trailers may follow it. */
export function isChunked({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined;
}

/**
 * Whether the request is a top-level navigation, the only kind that is ever redirected to sign-in: by `Sec-Fetch-*`
 * where the browser sends it, else by whether it accepts HTML. Only GET and HEAD: a form that is posted would come back
 * from the sign-in as a GET without its fields.
 */
export function isNavigation({ headers, method }: IncomingMessage): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false;
  if (headers.upgrade !== undefined) return false;
  const mode = headers['sec-fetch-mode'];
  const destination = headers['sec-fetch-dest'];
  if (mode !== undefined || destination !== undefined) return mode === 'navigate' && destination === 'document';
  return acceptsHtml(headers.accept);
}

/**
 * Whether a person will look at the response: then it is a page. A script that accepts HTML would put our page into the
 * app's, and one of a sibling tunnel would read in it who is signed in.
 */
export function wantsPage({ headers }: IncomingMessage): boolean {
  return (headers['sec-fetch-mode'] ?? 'navigate') === 'navigate' && acceptsHtml(headers.accept);
}

function acceptsHtml(accept: string | undefined): boolean {
  return accept !== undefined && /(?:^|[, \t])(?:text\/html|application\/xhtml\+xml)(?:$|[ \t,;])/i.test(accept);
}
