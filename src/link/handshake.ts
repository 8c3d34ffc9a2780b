/**
 * The handshake that opens a link: a WebSocket upgrade request (RFC 6455 section 4) with the offer, and either a 101 with
 * the public URL or an HTTP response with the reason for the refusal. Both halves are in this file so that they cannot
 * drift apart.
 */
import type { Duplex } from 'node:stream';
import { readOrigin } from '../core/hostname.js';
import { listMembers } from '../core/white-space.js';
import { isErrorCode, PosternError } from '../errors.js';
import { headerValues, type RawHeaders } from '../http/fields.js';
import { isFieldValue } from '../http/header-rules.js';
import { writeResponseHead } from '../http1/response-writer.js';
import { readSeveralLinks, type SeveralLinks, type SeveralNodes, writeSeveralLinks } from './several-links.js';
import { readTerms, type Terms, writeTerms } from './terms.js';

/** The path of links on the base host. */
export const LINK_PATH = '/.postern/link';

/** The WebSocket subprotocol: HTTP/2 frames in binary messages, whose boundaries mean nothing. */
export const SUBPROTOCOL = 'postern.h2';

/** The subprotocol of a trial offer, which an edge without trials refuses as it refuses any other. */
export const TRIAL_SUBPROTOCOL = 'postern.trial';

/**
 * The largest WebSocket message in bytes, both ways. We send at most 64 KiB in one; 1 MiB leaves room for agents that send
 * more, and bounds what a hostile peer can make us hold.
 */
export const MAX_MESSAGE_BYTES = 1_048_576;

/**
 * The most fragments of a message (RFC 6455 section 5.4), and the most socket reads that it arrives in: each costs an object
 * until the message is complete. We never fragment; 1 MiB in fragments of 1 KiB and in reads of 64 bytes is the worst
 * honest case.
 */
export const MAX_MESSAGE_FRAGMENTS = 1_024;
export const MAX_MESSAGE_CHUNKS = 16_384;

/** What an agent offers, and under which rules. */
export interface Offer {
  readonly token: string;
  /** The tunnel's name; without it the edge uses the first name without a wildcard that the token permits. */
  readonly name: string | undefined;
  /** The allow rules as written; without any, only the owner is allowed. */
  readonly allow: readonly string[];
  /** Other origins whose pages may cause requests to the tunnel, WebSockets included. */
  readonly origins: readonly string[];
  /** Other origins whose pages may frame the tunnel's documents. */
  readonly frameOrigins: readonly string[];
  /** What the offer says besides; undefined for nothing. */
  readonly terms?: Terms | undefined;
  /** Random for each agent process: a redial with the same id takes over the name of the link that it replaces. */
  readonly agentId: string;
  /** Undefined for an agent that holds one link. */
  readonly links?: SeveralLinks | undefined;
  /** The edge is asked whether it would admit the offer: the link that it opens serves no tunnel, and ends soon. */
  readonly isTrial?: boolean;
}

/** What the 101 says. */
export interface Accepted {
  /** The tunnel's public URL, an origin. */
  readonly url: string;
  /** For an agent that would hold several links. */
  readonly nodes?: SeveralNodes | undefined;
}

const AGENT_ID = /^[A-Za-z0-9_-]{16,64}$/;
const MAX_RULES = 100;
const MAX_ORIGINS = 20;
const MAX_REFUSAL_CHARACTERS = 65_536;

/** The agent's half: the headers of the upgrade request, in addition to those of RFC 6455. */
export function writeOffer(offer: Offer): Record<string, string> {
  const headers: Record<string, string> = { Authorization: `Bearer ${offer.token}`, 'Postern-Agent': offer.agentId };
  if (offer.name !== undefined) headers['Postern-Tunnel'] = offer.name;
  if (offer.allow.length > 0) headers['Postern-Allow'] = offer.allow.map(encodeURI).join(', ');
  if (offer.origins.length > 0) headers['Postern-Allow-Origin'] = offer.origins.join(', ');
  if (offer.frameOrigins.length > 0) headers['Postern-Frame-Origins'] = offer.frameOrigins.join(', ');
  return {
    ...headers,
    ...(offer.terms !== undefined && writeTerms(offer.terms)),
    ...(offer.links !== undefined && writeSeveralLinks(offer.links)),
  };
}

/** The edge's half: reads an offer. Throws `ERR_TOKEN_INVALID`, `ERR_OFFER_INVALID` or `ERR_PROTOCOL_VERSION`. */
export function readOffer(headers: RawHeaders): Offer {
  const protocols = headerValues(headers, 'sec-websocket-protocol').flatMap(listMembers);
  const isTrial = !protocols.includes(SUBPROTOCOL);
  if (isTrial && !protocols.includes(TRIAL_SUBPROTOCOL)) {
    throw new PosternError('ERR_PROTOCOL_VERSION', undefined, {
      text: `This edge speaks ${SUBPROTOCOL}: upgrade to a WebSocket with Sec-WebSocket-Protocol: ${SUBPROTOCOL}.`,
    });
  }
  const token = /^Bearer +([!-~]+)$/i.exec(singleValue(headers, 'authorization') ?? '')?.[1];
  if (token === undefined) throw new PosternError('ERR_TOKEN_INVALID', 'no bearer token in Authorization');
  const agentId = singleValue(headers, 'postern-agent');
  if (agentId === undefined || !AGENT_ID.test(agentId)) {
    throw offerInvalid('Postern-Agent must be 16 to 64 letters, digits, _ or -, random for each agent process.');
  }
  const name = singleValue(headers, 'postern-tunnel');
  const terms = readTerms(headers);
  const links = readSeveralLinks(headers);
  return {
    token,
    name,
    allow: readAllow(headers),
    origins: readOrigins(headers, 'Postern-Allow-Origin'),
    frameOrigins: readOrigins(headers, 'Postern-Frame-Origins'),
    ...(terms !== undefined && { terms }),
    agentId,
    ...(links !== undefined && { links }),
    ...(isTrial && { isTrial }),
  };
}

function readAllow(headers: RawHeaders): string[] {
  const items = listValues(headers, 'postern-allow');
  if (items.length > MAX_RULES) throw offerInvalid(`Postern-Allow may hold at most ${MAX_RULES} rules.`);
  try {
    return items.map(decodeURI);
  } catch (error) {
    throw new PosternError('ERR_OFFER_INVALID', 'Postern-Allow is not percent-encoded UTF-8', { cause: error });
  }
}

function readOrigins(headers: RawHeaders, name: string): string[] {
  const items = listValues(headers, name.toLowerCase());
  if (items.length > MAX_ORIGINS) throw offerInvalid(`${name} may hold at most ${MAX_ORIGINS} origins.`);
  return items.map((text) => {
    const origin = readOrigin(text);
    if (origin === undefined) throw offerInvalid(`${name} holds what is no origin: https://web.acme.com is one.`);
    return origin;
  });
}

/** The members of a list, from one field line or several. */
function listValues(headers: RawHeaders, name: string): string[] {
  return headerValues(headers, name).flatMap(listMembers);
}

function singleValue(headers: RawHeaders, name: string): string | undefined {
  const values = headerValues(headers, name);
  if (values.length > 1) throw offerInvalid(`There must be one ${name} header, not ${values.length}.`);
  return values[0];
}

function offerInvalid(text: string): PosternError {
  return new PosternError('ERR_OFFER_INVALID', text, { text });
}

/** The edge's half: responds to an upgrade request with a refusal and closes the socket. */
export function writeRefusal(socket: Duplex, error: PosternError): void {
  const { code, text: message, retryable } = error;
  const body = JSON.stringify({ error: { code, message, retryable } });
  const { status } = error;
  const head = writeResponseHead(status, [
    ...['Content-Type', 'application/json; charset=utf-8', 'Content-Length', String(Buffer.byteLength(body))],
    ...['Cache-Control', 'no-store', 'Date', new Date().toUTCString()],
    ...['Connection', status === 426 ? 'Upgrade, close' : 'close', 'Postern-Error', code],
    ...(status === 401 ? ['WWW-Authenticate', 'Bearer'] : []), // RFC 6750 section 3
    ...(status === 426 ? ['Upgrade', 'websocket', 'Sec-WebSocket-Version', '13'] : []),
  ]);
  socket.on('error', () => {}); // the agent may have left already
  socket.end(head + body, () => socket.destroy());
}

/** The cause of an error: the response was not an edge's. */
export class ForeignResponse extends Error {
  override readonly name = 'ForeignResponse';
  readonly status: number;
  /** The origin that a redirect points to. */
  readonly origin: string | undefined;

  constructor(status: number, location: string | undefined) {
    super(`status ${status}`);
    this.status = status;
    const isUrl = status >= 300 && status < 400 && location !== undefined && URL.canParse(location);
    this.origin = isUrl ? new URL(location).origin : undefined;
  }
}

/** The agent's half: converts a response other than 101 to an error. */
export function readRefusal(status: number, body: string, location?: string): PosternError {
  const refusal = parseRefusal(body);
  if (refusal !== undefined) return refusal;
  // Not an edge: a reverse proxy, a captive portal, a wrong address. 5xx and 429 may be temporary, the rest is not.
  const code = status >= 500 || status === 429 ? 'ERR_LINK_LOST' : 'ERR_PROTOCOL_VERSION';
  const text = `The address answered with status ${status}, which is not the answer of a Postern edge.`;
  return new PosternError(code, text, { text, cause: new ForeignResponse(status, location) });
}

function parseRefusal(body: string): PosternError | undefined {
  try {
    const { error } = JSON.parse(body.slice(0, MAX_REFUSAL_CHARACTERS)) as { error?: Record<string, unknown> };
    if (!isErrorCode(error?.['code'])) return undefined;
    const text = typeof error['message'] === 'string' ? error['message'].slice(0, 500) : undefined;
    return new PosternError(error['code'], text, text === undefined ? {} : { text });
  } catch {
    return undefined; // not JSON, so not an edge
  }
}

/** The agent's half: the tunnel's public URL from the 101; undefined unless it is an http(s) origin. */
export function readPublicUrl(value: string | string[] | undefined): string | undefined {
  if (typeof value !== 'string' || !isFieldValue(value) || !URL.canParse(value)) return undefined;
  const { origin, protocol } = new URL(value);
  return (protocol === 'https:' || protocol === 'http:') && value === origin ? origin : undefined;
}
