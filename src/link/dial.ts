/**
 * The agent's side of opening a link: one WebSocket upgrade request to the edge, and a link over it if the edge admits the
 * offer.
 */
import type { Agent, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { PosternError } from '../errors.js';
import type { InboundStream } from '../http/exchange.js';
import { STRICT_PARSER } from '../http/strict-http.js';
import {
  type Accepted,
  LINK_PATH,
  MAX_MESSAGE_BYTES,
  MAX_MESSAGE_CHUNKS,
  MAX_MESSAGE_FRAGMENTS,
  type Offer,
  readPublicUrl,
  readRefusal,
  SUBPROTOCOL,
  TRIAL_SUBPROTOCOL,
  writeOffer,
} from './handshake.js';
import { InboundLink } from './inbound-link.js';
import { linkLost } from './link.js';
import { readSeveralNodes } from './several-links.js';
import { WebSocket } from './ws.js';

// An edge responds at once or is unreachable; a longer wait only delays the next attempt.
const HANDSHAKE_TIMEOUT_MS = 10_000;
const MAX_REFUSAL_BYTES = 65_536;

// An idle edge asks for a sign of life every twenty seconds. A network that is no more is found sooner by the kernel, which then
// asks every second for ten, and costs the edge's process nothing.
const PROBE_MS = 4_000;

export interface DialOptions {
  /** Opens the connection, for instance through an HTTPS proxy; the default of `ws` if absent. */
  readonly httpAgent?: Agent;
  /** Aborts the attempt. A no-op once the link is open. */
  readonly signal?: AbortSignal;
  readonly onStream: (stream: InboundStream) => void;
}

/** The agent's end of a link, as the agent uses it. */
export type AgentLink = Pick<
  InboundLink,
  'url' | 'nodes' | 'closed' | 'draining' | 'drain' | 'destroy' | 'roundTrip' | 'running' | 'requests' | 'bytes'
>;

/**
 * Dials an edge (`http(s)://` origin). Rejects with the code of the edge's refusal, or with `ERR_LINK_LOST` if the edge is
 * unreachable, or `ERR_PROTOCOL_VERSION` if something else responds (see `readRefusal`).
 */
export function dialEdge(edge: string, offer: Offer, options: DialOptions): Promise<AgentLink> {
  return dial(edge, offer, options);
}

/**
 * As `dialEdge`, to learn whether the edge would admit the offer: the link serves no tunnel, so that an agent that does goes on. The
 * edge closes it after ten seconds.
 */
export function dialTrial(
  edge: string,
  offer: Offer,
  options: Omit<DialOptions, 'onStream'>,
): Promise<Pick<InboundLink, 'url' | 'ping' | 'destroy'>> {
  return dial(edge, { ...offer, isTrial: true }, { ...options, onStream: (stream) => stream.cancel() });
}

function dial(edge: string, offer: Offer, options: DialOptions): Promise<InboundLink> {
  return new Promise((resolve, reject) => {
    if (options.signal?.aborted) return reject(linkLost('the attempt was given up'));
    const subprotocol = offer.isTrial === true ? TRIAL_SUBPROTOCOL : SUBPROTOCOL;
    const socket = new WebSocket(`${edge.replace(/^http/, 'ws')}${LINK_PATH}`, [subprotocol], {
      ...STRICT_PARSER,
      headers: writeOffer(offer),
      handshakeTimeout: HANDSHAKE_TIMEOUT_MS,
      // HPACK and most bodies are compressed already, and one compression window for all streams would leak secrets.
      perMessageDeflate: false,
      maxPayload: MAX_MESSAGE_BYTES,
      maxFragments: MAX_MESSAGE_FRAGMENTS,
      maxBufferedChunks: MAX_MESSAGE_CHUNKS,
      rejectUnauthorized: true, // even with NODE_TLS_REJECT_UNAUTHORIZED=0: the server receives the token
      followRedirects: false, // the token must not be sent to another server
      ...(options.httpAgent === undefined ? {} : { agent: options.httpAgent }),
    });
    const abort = () => socket.terminate();
    options.signal?.addEventListener('abort', abort, { once: true });
    const settle = () => options.signal?.removeEventListener('abort', abort);

    let accepted: Accepted | undefined;
    let wire: Socket | undefined;
    socket.once('upgrade', (response) => {
      const url = readPublicUrl(response.headers['postern-url']);
      accepted = url === undefined ? undefined : { url, nodes: readSeveralNodes(response.headers, offer.links?.most) };
      wire = response.socket;
      wire.setKeepAlive(true, PROBE_MS);
    });
    socket.once('unexpected-response', (_request, response) => {
      readRefusalBody(response).then((body) => {
        settle();
        socket.terminate();
        reject(readRefusal(response.statusCode ?? 0, body, response.headers.location));
      });
    });
    socket.on('error', (error) => {
      settle();
      reject(linkLost(error));
    });
    socket.once('open', () => {
      settle();
      if (accepted !== undefined && wire !== undefined)
        return resolve(new InboundLink(socket, wire, accepted, options.onStream));
      socket.terminate();
      reject(new PosternError('ERR_PROTOCOL_VERSION', 'the 101 carries no valid Postern-Url'));
    });
  });
}

async function readRefusalBody(response: IncomingMessage): Promise<string> {
  let body = '';
  try {
    for await (const chunk of response.setEncoding('utf8')) {
      body += chunk;
      if (body.length > MAX_REFUSAL_BYTES) break;
    }
  } catch {
    // an incomplete body is used as far as it arrived: the status is known
  }
  return body;
}
