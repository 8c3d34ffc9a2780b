/**
 * The cookies of one visitor, kept as Chromium keeps them (RFC 6265bis): host-only and `Domain` cookies apart, the
 * `__Host-` and `__Secure-` prefixes enforced, `Secure` accepted on https and on `localhost` names, SameSite obeyed
 * with Lax as the default, longer paths first. Ports keep nothing apart, as in a browser.
 */

export interface Cookie {
  readonly name: string;
  readonly value: string;
  /** The host that set it, or the `Domain` it gave. */
  readonly domain: string;
  readonly hostOnly: boolean;
  readonly path: string;
  readonly secure: boolean;
  readonly httpOnly: boolean;
  readonly sameSite: 'strict' | 'lax' | 'none';
  readonly expiresAtMs: number;
}

/** What decides whether a cookie goes along with a request. */
export interface CookieContext {
  readonly site: 'none' | 'same-origin' | 'same-site' | 'cross-site';
  /** A top-level navigation with a safe method, which takes Lax cookies along from other sites. */
  readonly safeNavigation: boolean;
}

/** Whether a browser takes an origin for secure: https, or a `localhost` name or address. */
export function isTrustworthy(url: URL): boolean {
  return /^(https|wss):$/.test(url.protocol) || /(^|\.)localhost$|^127\.0\.0\.1$/.test(url.hostname);
}

export class CookieJar {
  #cookies: Cookie[] = [];

  /** Takes one `Set-Cookie` line of an answer from `url`; false when a browser would ignore it. */
  set(line: string, url: URL): boolean {
    const cookie = readSetCookie(line, url);
    if (cookie === undefined) return false;
    const at = this.#cookies.findIndex((other) => isSameCookie(other, cookie));
    if (cookie.expiresAtMs <= Date.now()) {
      if (at >= 0) this.#cookies.splice(at, 1);
    } else if (at >= 0) {
      this.#cookies[at] = cookie;
    } else {
      this.#cookies.push(cookie);
    }
    return true;
  }

  /** The `Cookie` line of a request to `url`, or '' without one. */
  header(url: URL, context: CookieContext = { site: 'none', safeNavigation: true }): string {
    return this.#cookies
      .filter((cookie) => cookie.expiresAtMs > Date.now() && goesTo(cookie, url) && mayCross(cookie, context))
      .sort((a, b) => b.path.length - a.path.length) // stable: cookies of one path stay in the order they were set
      .map((cookie) => `${cookie.name}=${cookie.value}`)
      .join('; ');
  }

  /** Every cookie that would go to `url`. */
  cookies(url: string | URL): Cookie[] {
    return this.#cookies.filter((cookie) => goesTo(cookie, new URL(url)));
  }

  /** Every cookie of the jar. */
  all(): readonly Cookie[] {
    return this.#cookies;
  }

  clear(): void {
    this.#cookies = [];
  }
}

function readSetCookie(line: string, url: URL): Cookie | undefined {
  const [pair = '', ...rest] = line.split(';').map((part) => part.trim());
  const equals = pair.indexOf('=');
  const attributes = new Map(rest.map((part) => splitAttribute(part)));
  const domain = attributes.get('domain')?.replace(/^\./, '').toLowerCase();
  const path = attributes.get('path');
  const cookie: Cookie = {
    name: equals < 0 ? '' : pair.slice(0, equals).trim(),
    value: pair.slice(equals + 1).trim(),
    domain: domain || url.hostname,
    // A public suffix, such as the bare label `localhost`, may be named only by the very host, and then means host-only.
    hostOnly: !domain || (domain === url.hostname && !domain.includes('.')),
    path: path?.startsWith('/') ? path : url.pathname.replace(/\/[^/]*$/, '') || '/',
    secure: attributes.has('secure'),
    httpOnly: attributes.has('httponly'),
    sameSite: readSameSite(attributes.get('samesite')),
    expiresAtMs: readExpiry(attributes),
  };
  return isAcceptable(cookie, url, attributes) ? cookie : undefined;
}

function splitAttribute(part: string): [string, string] {
  const [name = '', ...value] = part.split('=');
  return [name.trim().toLowerCase(), value.join('=').trim()];
}

function readSameSite(text: string | undefined): Cookie['sameSite'] {
  const value = text?.toLowerCase();
  return value === 'strict' || value === 'none' ? value : 'lax';
}

function readExpiry(attributes: ReadonlyMap<string, string>): number {
  const maxAge = attributes.get('max-age');
  if (maxAge !== undefined && /^-?\d+$/.test(maxAge)) return Date.now() + Number(maxAge) * 1000;
  const expires = Date.parse(attributes.get('expires') ?? '');
  return Number.isNaN(expires) ? Number.POSITIVE_INFINITY : expires;
}

function isAcceptable(cookie: Cookie, url: URL, attributes: ReadonlyMap<string, string>): boolean {
  if (!cookie.hostOnly && (!cookie.domain.includes('.') || !domainMatches(url.hostname, cookie.domain))) return false;
  if (cookie.secure && !isTrustworthy(url)) return false;
  if (cookie.sameSite === 'none' && !cookie.secure) return false;
  if (cookie.name.length + cookie.value.length > 4096) return false;
  const name = cookie.name.toLowerCase();
  if (name.startsWith('__secure-')) return cookie.secure;
  return !name.startsWith('__host-') || (cookie.secure && attributes.get('path') === '/' && !attributes.get('domain'));
}

function isSameCookie(a: Cookie, b: Cookie): boolean {
  return a.name === b.name && a.domain === b.domain && a.hostOnly === b.hostOnly && a.path === b.path;
}

function goesTo(cookie: Cookie, url: URL): boolean {
  if (cookie.secure && !isTrustworthy(url)) return false;
  const atHome = cookie.hostOnly ? url.hostname === cookie.domain : domainMatches(url.hostname, cookie.domain);
  if (!atHome || !url.pathname.startsWith(cookie.path)) return false;
  return cookie.path.endsWith('/') || [undefined, '/'].includes(url.pathname[cookie.path.length]);
}

function domainMatches(host: string, domain: string): boolean {
  return host === domain || host.endsWith(`.${domain}`);
}

function mayCross(cookie: Cookie, context: CookieContext): boolean {
  if (context.site !== 'cross-site' || cookie.sameSite === 'none') return true;
  return cookie.sameSite === 'lax' && context.safeNavigation;
}
