/**
 * The edge accepts: completes the WebSocket handshake of an offer that was admitted and opens a link over it.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { MAX_MESSAGE_BYTES, MAX_MESSAGE_CHUNKS, MAX_MESSAGE_FRAGMENTS, SUBPROTOCOL } from './handshake.js';
import { OutboundLink } from './outbound-link.js';
import { WebSocketServer } from './ws.js';

const upgrades = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false, // see dial.ts
  maxPayload: MAX_MESSAGE_BYTES,
  maxFragments: MAX_MESSAGE_FRAGMENTS,
  maxBufferedChunks: MAX_MESSAGE_CHUNKS,
  handleProtocols: () => SUBPROTOCOL, // readOffer has seen that the agent asked for it
});

// `ws` writes the 101 itself; the URL of each admitted request waits here until `headers` asks for it.
const publicUrls = new WeakMap<IncomingMessage, string>();
upgrades.on('headers', (lines, request) => {
  const url = publicUrls.get(request);
  if (url !== undefined) lines.push(`Postern-Url: ${url}`);
});

/**
 * Answers the upgrade request with 101 and takes over the socket. `opened` is called with the link at once, before any
 * byte of the agent is read; a malformed WebSocket handshake is answered with 400 and `opened` is never called.
 */
export function acceptLink(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  publicUrl: string,
  opened: (link: OutboundLink) => void,
): void {
  publicUrls.set(request, publicUrl);
  upgrades.handleUpgrade(request, socket, head, (webSocket) => {
    opened(new OutboundLink(webSocket, socket));
  });
}
