/**
 * Fetches the metadata document of a client: a request to a URL that a stranger has named. Over https to the default port, to
 * public addresses only, and to the very address that was checked; no redirect is followed, nothing of ours goes along, and
 * size and time are bounded.
 */
import type { LookupAddress } from 'node:dns';
import { Resolver } from 'node:dns/promises';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import { isPublicIp } from '../../core/public-ip.js';
import { OAuthError } from '../oauth/oauth-error.js';
import { unfit } from './document.js';

/** A document as it was fetched. */
export interface FetchedDocument {
  readonly text: string;
  /** `Cache-Control`. */
  readonly cacheControl: string;
}

/** Fetches the document of a URL that `documentHost` accepts. Rejects with an `OAuthError` that says why it cannot be used. */
export type DocumentFetch = (url: string) => Promise<FetchedDocument>;

export const MAX_DOCUMENT_BYTES = 16_384;
export const DOCUMENT_TIMEOUT_MS = 5_000;

const MAX_HEADER_BYTES = 8_192;
const RESOLVE_TIMEOUT_MS = 2_000;
const JSON_TYPE = /^application\/(?:json|[\w.-]+\+json)[ \t]*(?:;|$)/i;

// One reason for all that the network says: with several, the page would tell which hosts and ports there are behind the edge.
const UNREACHABLE = 'it could not be fetched over https from a public address.';

export const fetchDocument: DocumentFetch = async (url) => {
  const signal = AbortSignal.timeout(DOCUMENT_TIMEOUT_MS); // of all of it, the body too
  const asked = request(url, {
    agent: false, // no connection of anyone else, and none is kept
    lookup: lookupPublic,
    maxHeaderSize: MAX_HEADER_BYTES,
    headers: { Accept: 'application/json', 'User-Agent': 'Postern' },
    signal,
  });
  asked.on('error', () => {}); // also one that comes when there is an outcome already
  asked.end();
  try {
    const [response] = (await once(asked, 'response')) as [IncomingMessage];
    return await readDocument(response);
  } catch (thrown) {
    throw thrown instanceof OAuthError ? thrown : unfit(UNREACHABLE);
  } finally {
    asked.destroy();
  }
};

async function readDocument(response: IncomingMessage): Promise<FetchedDocument> {
  const { statusCode, headers } = response;
  if (statusCode !== 200) throw unfit(`its server responds with status ${statusCode}, and no redirect is followed.`);
  if (!JSON_TYPE.test(headers['content-type'] ?? '')) throw unfit('its Content-Type is not application/json.');
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_DOCUMENT_BYTES) throw unfit(`it is larger than ${MAX_DOCUMENT_BYTES / 1024} KiB.`);
    chunks.push(chunk);
  }
  return { text: Buffer.concat(chunks).toString('utf8'), cacheControl: headers['cache-control'] ?? '' };
}

/** Resolves a name once, for the connection itself: another answer a moment later changes nothing. All addresses must be public. */
export const lookupPublic: LookupFunction = (host, options, found) => {
  resolvePublic(host).then(
    ([first, ...others]) => {
      if (options.all) found(null, [first, ...others]);
      else found(null, first.address, first.family);
    },
    (error: NodeJS.ErrnoException) => found(error, '', 0),
  );
};

// Not by the system's look-up, which holds one of Node's four threads until a name server of the stranger responds: no session
// could be opened meanwhile.
async function resolvePublic(host: string): Promise<[LookupAddress, ...LookupAddress[]]> {
  const resolver = new Resolver({ timeout: RESOLVE_TIMEOUT_MS, tries: 2 });
  const outcomes = await Promise.allSettled([resolver.resolve4(host), resolver.resolve6(host)]);
  const addresses = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? outcome.value : []));
  const [first, ...others] = addresses.map((address) => ({ address, family: isIP(address) }));
  if (first === undefined || !addresses.every(isPublicIp)) throw NOT_PUBLIC;
  return [first, ...others];
}

const NOT_PUBLIC: NodeJS.ErrnoException = Object.assign(new Error('not a public address'), { code: 'ENOTPUBLIC' });
