/**
 * The textbook tunnel of Node: `node:http2` over `createWebSocketStream` of `ws`, defaults everywhere, no gate. When visitors
 * leave in the middle of large answers the agent's session ends now and then (`The user callback function failed`), so it
 * dials again. Visitors may speak HTTP/2 on ports of their own, which `node:http2` serves.
 * `node node-http2-tunnel.js edge PORT HTTP2-PORT TLS-PORT CERTIFICATE KEY` and `node node-http2-tunnel.js agent EDGE TARGET`;
 * each prints `ready`.
 */
import { readFileSync } from 'node:fs';
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  request,
  type ServerResponse,
} from 'node:http';
import {
  type ClientHttp2Session,
  connect,
  createServer as createHttp2Server,
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  performServerHandshake,
} from 'node:http2';
import { type Duplex, pipeline } from 'node:stream';
import { createWebSocketStream, WebSocket, WebSocketServer } from 'ws';

const LINK = '/link';
const REDIAL_MS = 100;
const HOP_BY_HOP = new Set(['connection', 'host', 'keep-alive', 'transfer-encoding', 'upgrade', 'proxy-connection']);

const BACKLOG = 4096;

const [role, first = '', second = '', ...more] = process.argv.slice(2);
if (role === 'edge') runEdge(Number(first), [Number(second), Number(more[0])], more.slice(1));
else runAgent(first, second);

function runEdge(port: number, [http2Port, tlsPort]: [number, number], [certificate = '', key = '']: string[]): void {
  let link: ClientHttp2Session | undefined;
  const forward = (visitor: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse) => {
    if (link === undefined || link.destroyed) return void response.writeHead(502).end();
    const authority = visitor.headers[':authority'] ?? visitor.headers.host;
    const pseudo = { ':method': visitor.method, ':path': visitor.url, ':authority': authority };
    const endStream = hasNoBody(visitor);
    const stream = link.request({ ...pseudo, ...carried(visitor.headers) }, { endStream });
    if (!endStream) pipeline(visitor, stream, () => {});
    stream.on('error', () => response.destroy());
    stream.on('response', ({ ':status': status = 502, ...headers }) => {
      (response as ServerResponse).writeHead(status, carried(headers));
      pipeline(stream, response, () => {});
    });
  };
  const edge = createServer(forward);
  const upgrades = new WebSocketServer({ noServer: true, perMessageDeflate: false });
  const accept = (offer: IncomingMessage, socket: Duplex, head: Buffer) => {
    upgrades.handleUpgrade(offer, socket, head, (webSocket) => {
      const bytes = createWebSocketStream(webSocket).on('error', () => {});
      link = connect('http://tunnel', { createConnection: () => bytes }).on('error', () => {});
    });
  };
  edge.on('upgrade', accept);
  const files = { cert: readFileSync(certificate), key: readFileSync(key) };
  createHttp2Server(forward).listen(http2Port, '127.0.0.1', BACKLOG);
  const secure = createSecureServer({ ...files, allowHTTP1: true }, forward); // the agent's WebSocket is HTTP/1.1
  secure.on('upgrade', accept).listen(tlsPort, '127.0.0.1', BACKLOG);
  edge.listen(port, '127.0.0.1', BACKLOG, () => console.log('ready'));
}

function hasNoBody(visitor: IncomingMessage | Http2ServerRequest): boolean {
  if ('stream' in visitor) return visitor.stream.endAfterHeaders;
  return visitor.headers['content-length'] === undefined && !visitor.headers['transfer-encoding'];
}

function runAgent(edge: string, target: string): void {
  const webSocket = new WebSocket(`${edge.replace(/^http/, 'ws')}${LINK}`, {
    perMessageDeflate: false,
    rejectUnauthorized: false,
  });
  const agent = new Agent({ keepAlive: true });
  webSocket.on('open', () => {
    const bytes = createWebSocketStream(webSocket).on('error', () => {});
    const session = performServerHandshake(bytes).on('error', () => {});
    session.on('stream', (stream, { ':method': method, ':path': path, ...headers }) => {
      const options = { agent, method: method ?? 'GET', path: path ?? '/', headers: carried(headers) };
      const call = request(target, options, (response) => {
        if (stream.destroyed) return void response.destroy(); // its visitor has left
        stream.respond({ ':status': response.statusCode ?? 502, ...carried(response.headers) });
        pipeline(response, stream, () => {});
      });
      call.on('error', () => stream.destroy());
      pipeline(stream, call, () => {});
    });
    console.log('ready');
  });
  webSocket.on('error', () => {}); // `close` follows
  webSocket.on('close', () => setTimeout(runAgent, REDIAL_MS, edge, target));
}

function carried(headers: IncomingHttpHeaders): OutgoingHttpHeaders {
  const kept = Object.entries(headers).filter(([name]) => !name.startsWith(':') && !HOP_BY_HOP.has(name));
  return Object.fromEntries(kept);
}
