/**
 * Every field that, by its definition, may carry a URL, an origin or a host name of its sender, and how it is treated. The
 * target's own name means nothing to a visitor, nor does the tunnel's to the target: a field is translated where the recipient
 * acts on the name, and left where the name only informs. This file is the table and its documentation; a test sends each row
 * of it through an edge and an agent.
 */
import type { UrlSyntax } from './url-text.js';

/** One field of the table. */
export interface UrlField {
  /** In lower case. */
  readonly name: string;
  /** Where it is defined. */
  readonly spec: string;
  /** Where its URLs are in its value; `rule`: see `why`; `left`: it passes unchanged. */
  readonly how: UrlSyntax | 'rule' | 'left';
  readonly why: string;
}

/** Responses: URLs of the target become those of the tunnel. */
export const RESPONSE_URL_FIELDS: readonly UrlField[] = [
  // The browser goes there.
  { name: 'location', spec: 'RFC 9110 section 10.2.2', how: 'reference', why: 'a redirect is followed' },
  { name: 'content-location', spec: 'RFC 9110 section 8.7', how: 'reference', why: 'the URL of what was sent' },
  { name: 'refresh', spec: 'HTML, The `Refresh` header', how: 'refresh', why: 'the browser goes there by itself' },
  { name: 'link', spec: 'RFC 8288 section 3', how: 'bracketed', why: 'preloads and pages of an API are fetched' },
  { name: 'sourcemap', spec: 'ECMA-426 section 11', how: 'reference', why: 'developer tools fetch it' },
  { name: 'x-sourcemap', spec: 'ECMA-426 section 11', how: 'reference', why: 'the older name of `SourceMap`' },
  { name: 'service-worker-allowed', spec: 'Service Workers, Update', how: 'reference', why: 'must be of one origin' },
  { name: 'speculation-rules', spec: 'HTML, Speculative loading', how: 'tokens', why: 'rules are fetched' },
  { name: 'hx-redirect', spec: 'htmx, Response headers', how: 'reference', why: 'a redirect is followed' },
  { name: 'hx-location', spec: 'htmx, Response headers', how: 'reference', why: 'a redirect is followed' },
  { name: 'hx-push-url', spec: 'htmx, Response headers', how: 'reference', why: 'browsers refuse another origin' },
  { name: 'hx-replace-url', spec: 'htmx, Response headers', how: 'reference', why: 'browsers refuse another origin' },
  { name: 'x-inertia-location', spec: 'Inertia, The protocol', how: 'reference', why: 'a redirect is followed' },
  // The browser compares its own origin with it, or reports to it.
  { name: 'access-control-allow-origin', spec: 'Fetch section 3.3.3', how: 'tokens', why: 'names a page’s origin' },
  { name: 'timing-allow-origin', spec: 'Resource Timing section 4.5', how: 'tokens', why: 'names a page’s origin' },
  { name: 'permissions-policy', spec: 'Permissions Policy section 5.2', how: 'tokens', why: 'names origins' },
  { name: 'content-security-policy', spec: 'CSP section 3.1', how: 'tokens', why: 'names sources and `report-uri`' },
  { name: 'content-security-policy-report-only', spec: 'CSP section 3.2', how: 'tokens', why: 'as without reports' },
  { name: 'reporting-endpoints', spec: 'Reporting API section 3.2', how: 'tokens', why: 'reports are sent there' },
  { name: 'report-to', spec: 'Reporting API of 2018, section 3.1', how: 'tokens', why: 'reports are sent there' },
  // A rule of its own.
  { name: 'set-cookie', spec: 'RFC 6265 section 5.2.3', how: 'rule', why: 'a `Domain` of the target becomes ours' },
  { name: 'alt-svc', spec: 'RFC 7838 section 3', how: 'rule', why: 'the edge drops it: ports are its own' },
  { name: 'public-key-pins', spec: 'RFC 7469 section 2.1.4', how: 'rule', why: 'the edge drops it with its reports' },
  // No recipient acts on it, or only on its exact characters.
  { name: 'nel', spec: 'Network Error Logging section 4.1', how: 'left', why: 'names a group of `Report-To`' },
  { name: 'expect-ct', spec: 'RFC 9163 section 2.1', how: 'left', why: 'obsolete: no browser reports any more' },
  { name: 'x-frame-options', spec: 'RFC 7034 section 2.1', how: 'left', why: 'no browser obeys `ALLOW-FROM`' },
  { name: 'www-authenticate', spec: 'RFC 9110 section 11.6.1', how: 'left', why: 'a realm is part of what is hashed' },
  { name: 'lock-token', spec: 'RFC 4918 section 10.5', how: 'left', why: 'an identifier, sent back as it is' },
  { name: 'dav', spec: 'RFC 4918 section 10.1', how: 'left', why: 'identifiers of what is supported' },
];

/** Requests: URLs of the tunnel become those of the target. */
export const REQUEST_URL_FIELDS: readonly UrlField[] = [
  // The target acts on it, and refuses a host that is not its own.
  { name: 'destination', spec: 'RFC 4918 section 10.3', how: 'reference', why: 'where to copy or move to' },
  { name: 'if', spec: 'RFC 4918 section 10.4', how: 'bracketed', why: 'which resource a condition is about' },
  // A rule of its own, in request-headers.ts.
  { name: 'host', spec: 'RFC 9110 section 7.2', how: 'rule', why: 'what `--host-header` says' },
  { name: 'origin', spec: 'RFC 6454 section 7', how: 'rule', why: 'on WebSockets: elsewhere it guards the app' },
  { name: 'x-forwarded-host', spec: 'customary', how: 'rule', why: 'changes with `Origin`: apps compare the two' },
  // It informs about the origin of the request, as the other public names do.
  { name: 'referer', spec: 'RFC 9110 section 10.1.3', how: 'left', why: 'agrees with `Origin`; apps lead back to it' },
  { name: 'content-location', spec: 'RFC 9110 section 8.7', how: 'left', why: 'the sender’s own URL of the content' },
  { name: 'link', spec: 'RFC 8288 section 3', how: 'left', why: 'what is stored is for visitors' },
  { name: 'lock-token', spec: 'RFC 4918 section 10.5', how: 'left', why: 'the identifier that the app has made' },
  { name: 'ping-from', spec: 'HTML, Hyperlink auditing', how: 'left', why: 'names a page, as `Referer` does' },
  { name: 'ping-to', spec: 'HTML, Hyperlink auditing', how: 'left', why: 'names a page, as `Referer` does' },
  { name: 'alt-used', spec: 'RFC 7838 section 5', how: 'left', why: 'names the host of the connection' },
  { name: 'hx-current-url', spec: 'htmx, Request headers', how: 'left', why: 'names a page, as `Referer` does' },
];

/** The syntax of each field that is translated, by its name. */
export function translated(fields: readonly UrlField[]): ReadonlyMap<string, UrlSyntax> {
  return new Map(fields.flatMap(({ name, how }) => (how === 'rule' || how === 'left' ? [] : [[name, how] as const])));
}
