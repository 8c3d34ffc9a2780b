/**
 * The edge's side of opening a link: completes the WebSocket handshake of an admitted offer and opens a link over it.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import {
  type Accepted,
  MAX_MESSAGE_BYTES,
  MAX_MESSAGE_CHUNKS,
  MAX_MESSAGE_FRAGMENTS,
  SUBPROTOCOL,
  TRIAL_SUBPROTOCOL,
} from './handshake.js';
import { OutboundLink } from './outbound-link.js';
import { writeSeveralNodes } from './several-links.js';
import { WebSocketServer } from './ws.js';

const upgrades = new WebSocketServer({
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false, // see dial.ts
  maxPayload: MAX_MESSAGE_BYTES,
  maxFragments: MAX_MESSAGE_FRAGMENTS,
  maxBufferedChunks: MAX_MESSAGE_CHUNKS,
  // `readOffer` has checked that the agent offers one of the two.
  handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : TRIAL_SUBPROTOCOL),
});

// `ws` writes the 101 itself; the `headers` event looks up here what it says.
const saying = new WeakMap<IncomingMessage, Accepted>();
upgrades.on('headers', (lines, request) => {
  const accepted = saying.get(request);
  if (accepted === undefined) return;
  const { url, nodes } = accepted;
  lines.push(`Postern-Url: ${url}`, ...(nodes === undefined ? [] : writeSeveralNodes(nodes)));
});

/**
 * Responds to the upgrade request with 101 and takes over the socket. `opened` is called with the link synchronously, before
 * any byte of the agent is read. A malformed WebSocket handshake gets a 400, and `opened` is not called.
 */
export function acceptLink(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  accepted: Accepted,
  opened: (link: OutboundLink) => void,
): void {
  saying.set(request, accepted);
  upgrades.handleUpgrade(request, socket, head, (webSocket) => {
    opened(new OutboundLink(webSocket, socket));
  });
}
