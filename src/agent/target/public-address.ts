/** The tunnel's address as a visitor sees it, read from the fields that the edge sets. Pure. */
import { RecentMap } from '../../core/recent-map.js';
import { PosternError } from '../../errors.js';
import type { RequestHead } from '../../http/exchange.js';
import { fieldValue } from '../../http/fields.js';

/** The tunnel's address as the visitor of one request sees it. */
export interface PublicAddress {
  /** Host and a port that is not the scheme's default. */
  readonly host: string;
  readonly hostname: string;
  readonly origin: string;
}

const FORWARDED_HOST = /^[a-z0-9._-]{1,253}(?::\d{1,5})?$/i;
const PORT = /^\d{1,5}$/;

/** Reads the tunnel's public address from the `X-Forwarded-*` headers, which the edge alone sets. */
export function readPublicAddress(head: RequestHead): PublicAddress {
  const proto = fieldValue(head.headers, 'x-forwarded-proto');
  const scheme = proto === 'http' || proto === 'https' ? proto : head.scheme;
  const forwarded = fieldValue(head.headers, 'x-forwarded-host');
  const host = forwarded !== undefined && FORWARDED_HOST.test(forwarded) ? forwarded : head.authority;
  const port = fieldValue(head.headers, 'x-forwarded-port');
  const withPort = host.includes(':') || port === undefined || !PORT.test(port) ? host : `${host}:${port}`;
  const text = `${scheme}://${withPort}`;
  if (text !== lastRead.text) lastRead = { text, publicAddress: readAgain(text, withPort) };
  return lastRead.publicAddress;
}

function readAgain(text: string, withPort: string): PublicAddress {
  const known = READ.get(text);
  if (known !== undefined) return known;
  const publicAddress = parsePublicAddress(text, withPort);
  READ.set(text, publicAddress);
  return publicAddress;
}

// A tunnel has one public address, or two, and parsing it for each request would cost as much as a small response.
const READ = new RecentMap<PublicAddress>(100, 300);
let lastRead: { readonly text: string; readonly publicAddress: PublicAddress } = {
  text: '',
  publicAddress: { host: '', hostname: '', origin: '' },
};

function parsePublicAddress(text: string, host: string): PublicAddress {
  if (!FORWARDED_HOST.test(host) || !URL.canParse(text)) {
    throw new PosternError('ERR_BAD_REQUEST', 'The request names no public host.');
  }
  const url = new URL(text);
  return { host: url.host, hostname: url.hostname, origin: url.origin };
}
