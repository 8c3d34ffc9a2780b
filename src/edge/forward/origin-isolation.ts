/**
 * What a target's response may not do beyond the tunnel's own host: a browser obeys some headers for a whole domain, and
 * the tunnels of an edge share theirs without trusting each other. Cookies are judged in response-headers.ts.
 */
import { listMembers, trimOws } from '../../core/white-space.js';

// By lower-case name. Certificates and ports are the edge's: a target can neither pin the first nor move visitors to
// another of the second.
const ISOLATED_HEADERS: ReadonlyMap<string, (value: string) => string | undefined> = new Map([
  ['strict-transport-security', transportSecurity],
  ['clear-site-data', siteData],
  ['alt-svc', dropped],
  ['public-key-pins', dropped],
  ['public-key-pins-report-only', dropped],
  // Orders to a reverse proxy in front, which would serve a file or an internal address of its own machine instead.
  ['x-accel-redirect', dropped],
  ['x-lighttpd-send-file', dropped],
  ['x-reproxy-url', dropped],
  ['x-sendfile', dropped],
]);

// What shared caches obey before `Cache-Control`: fields for one kind of cache (RFC 9213 section 2), by their custom of
// ending in `-Cache-Control`, and those that are older than it.
const FOR_CACHES: ReadonlySet<string> = new Set(['edge-control', 'surrogate-control', 'x-accel-expires']);

/** Whether a header tells a shared cache how long to keep a response, past `Cache-Control`. `name` is lower-case. */
export function isForCaches(name: string): boolean {
  return name.endsWith('-cache-control') || FOR_CACHES.has(name);
}

/** Whether `confined` has anything to say of a header. `name` is lower-case. */
export function isConfined(name: string): boolean {
  return ISOLATED_HEADERS.has(name);
}

/** The value that a header of a response may have, undefined when there is none. `name` is lower-case. */
export function isolated(name: string, value: string): string | undefined {
  const confine = ISOLATED_HEADERS.get(name);
  return confine === undefined ? value : confine(value);
}

function dropped(): undefined {
  return undefined;
}

// RFC 6797 section 6.1: the promise is kept for the host itself, and not made for what may live below it.
function transportSecurity(value: string): string | undefined {
  const isWide = (directive: string) => /^[ \t]*(?:includesubdomains|preload)[ \t]*(?:=|$)/i.test(directive);
  const kept = value.split(';').filter((directive) => trimOws(directive) !== '' && !isWide(directive));
  return kept.length === 0 ? undefined : trimOws(kept.join(';'));
}

// "cookies" clears those of the registrable domain: the sessions of every tunnel. The rest stays within the origin.
const OF_THE_ORIGIN = '"cache", "storage", "executionContexts"';

function siteData(value: string): string | undefined {
  const types = listMembers(value);
  const kept = types.filter((type) => !/cookies/i.test(type));
  return kept.length === 0 ? undefined : kept.map((type) => (type.includes('*') ? OF_THE_ORIGIN : type)).join(', ');
}
