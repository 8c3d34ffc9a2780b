/**
 * Who may use the inspector, decided before anything is routed. Any page that is open in the developer's browser can send
 * requests here, under any name that resolves to this machine (DNS rebinding), and so can any program of any user: so the host
 * must be ours, whatever acts must come from our own page or from a program with the key, and everything else needs the key too.
 * Pure; the headers are as `node:http` gives them.
 */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** Why a request is refused. */
export interface Refusal {
  readonly status: 400 | 401 | 403 | 415 | 421;
  readonly code: string;
  readonly message: string;
}

export interface GuardOptions {
  /** The port on which the inspector listens. */
  readonly port: number;
  /** The key in the printed address. */
  readonly key: string;
  /** The two halves for which the key was exchanged: the value of the cookie, and what the page sends in `PAGE_HEADER`. */
  readonly cookie: string;
  readonly page: string;
}

/** What a route demands. `page`: what a browser shows; `open`: says no more than the URL; `session`: exchanges the key. */
export type Demand = 'page' | 'open' | 'session' | 'key';

export interface Asked {
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** `Host` as often as it was sent. */
  readonly hosts: readonly string[];
}

const HOST: Refusal = {
  status: 421,
  code: 'ERR_MISDIRECTED',
  message: 'The inspector answers on its own address only: 127.0.0.1, localhost or [::1] with its port.',
};
const CROSS_SITE: Refusal = {
  status: 403,
  code: 'ERR_CROSS_SITE',
  message: 'Only the inspector’s own page may do this, or a program with the key.',
};
const CONTENT_TYPE: Refusal = {
  status: 415,
  code: 'ERR_CONTENT_TYPE',
  message: 'Send the body as Content-Type: application/json.',
};
const KEY: Refusal = {
  status: 401,
  code: 'ERR_KEY_REQUIRED',
  message: 'Open the address that postern printed, or send its key as Authorization: Bearer.',
};

/**
 * The header with the page's half. A browser sends the cookie to every port of this machine, where other programs read it; what the
 * page keeps in the storage of its origin, port included, they never see. No script of ours sees the cookie.
 */
export const PAGE_HEADER = 'postern-page';

/** The name tells the inspectors of one machine apart. */
export function cookieName(port: number): string {
  return `postern-inspector-${port}`;
}

export class Guard {
  readonly #port: number;
  readonly #key: Buffer;
  readonly #cookie: Buffer;
  readonly #page: Buffer;
  readonly #hosts: ReadonlySet<string>;
  readonly #origins: ReadonlySet<string>;

  constructor({ port, key, cookie, page }: GuardOptions) {
    this.#port = port;
    this.#key = digest(key);
    this.#cookie = digest(cookie);
    this.#page = digest(page);
    const hosts = ['127.0.0.1', 'localhost', '[::1]'].map((host) => `${host}:${port}`);
    this.#hosts = new Set(hosts);
    this.#origins = new Set(hosts.map((host) => `http://${host}`));
  }

  /** Whether a request is for us at all, whatever it asks for. */
  checkHost({ hosts }: Pick<Asked, 'hosts'>): Refusal | undefined {
    const [host, ...more] = hosts;
    return host !== undefined && more.length === 0 && this.#hosts.has(host) ? undefined : HOST;
  }

  /** Why a request is refused that is for us; undefined when it is not. */
  check(asked: Asked, demand: Demand): Refusal | undefined {
    const { method, headers } = asked;
    if (demand === 'page') return undefined;
    if (!this.#isOwn(headers)) return CROSS_SITE;
    const isBearer = this.isKey(bearerOf(headers));
    const isActing = method !== 'GET' && method !== 'HEAD';
    if (isActing && headers.origin === undefined && !isBearer) return CROSS_SITE;
    if (isActing && !isJson(headers['content-type'])) return CONTENT_TYPE;
    if (demand === 'key' && !isBearer && !this.#isPage(headers)) return KEY;
    return undefined;
  }

  isKey(text: string | undefined): boolean {
    return text !== undefined && timingSafeEqual(digest(text), this.#key);
  }

  // Compared with what we know, never with the request's own `Host`, which is the attacker's as well.
  #isOwn({ origin, ...headers }: IncomingHttpHeaders): boolean {
    const site = headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin' && site !== 'none') return false;
    return origin === undefined || this.#origins.has(origin);
  }

  #isPage({ cookie, [PAGE_HEADER]: page }: IncomingHttpHeaders): boolean {
    return typeof page === 'string' && timingSafeEqual(digest(page), this.#page) && this.#hasCookie(cookie);
  }

  #hasCookie(header: string | undefined): boolean {
    const name = `${cookieName(this.#port)}=`;
    const pairs = header?.split('; ').filter((pair) => pair.startsWith(name)) ?? [];
    return pairs.some((pair) => timingSafeEqual(digest(pair.slice(name.length)), this.#cookie));
  }
}

function bearerOf({ authorization }: IncomingHttpHeaders): string | undefined {
  return authorization === undefined ? undefined : /^Bearer +([\x21-\x7e]+)$/i.exec(authorization)?.[1];
}

function isJson(type: string | undefined): boolean {
  return type !== undefined && /^application\/json[ \t]*(?:;|$)/i.test(type);
}

// Of equal length for every text, as `timingSafeEqual` needs it.
function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
