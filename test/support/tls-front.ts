/**
 * What ends TLS in front of an edge, for tests with a domain that is not localhost: `tunnel.test` and one label in
 * front of it. The certificate is made for tests and trusted by nobody else.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { pipeline } from 'node:stream';
import { createServer } from 'node:tls';
import { PROJECT_ROOT } from './project-root.js';

/** The domain of the certificate. */
export const TLS_DOMAIN = 'tunnel.test';

/** The certificate, as `NODE_EXTRA_CA_CERTS` takes it. */
export const CERTIFICATE_PATH = join(PROJECT_ROOT, 'test', 'support', 'certificate', 'certificate.pem');

/** Its key. */
export const KEY_PATH = join(CERTIFICATE_PATH, '..', 'key.pem');

export interface TlsFront {
  close(): Promise<void>;
}

/** Ends TLS on a port of 127.0.0.1 and passes the bytes on to another one. */
export async function startTlsFront(port: number, edgePort: number): Promise<TlsFront> {
  const cert = readFileSync(CERTIFICATE_PATH);
  const key = readFileSync(KEY_PATH);
  const sockets = new Set<Socket>();
  const server = createServer({ cert, key, ALPNProtocols: ['http/1.1'] }, (visitor) => {
    const edge = connect(edgePort, '127.0.0.1');
    sockets.add(edge.on('close', () => sockets.delete(edge)));
    // An end of either side ends the other; which error came first is of no interest here.
    pipeline(visitor, edge, () => visitor.destroy());
    pipeline(edge, visitor, () => edge.destroy());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
