/**
 * TLS between nodes of different machines (RFC 8446): version 1.3 and one protocol, nothing else. The certificate, which
 * a node makes for itself, is not checked: `peer-handshake.ts` proves the secret, bound to this very connection.
 */
import type { Socket } from 'node:net';
import { connect, createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { PosternError } from '../errors.js';
import type { PeerAddress } from './peer-address.js';

// One that cannot be reached is given up: the request may be tried elsewhere.
export const TIMEOUT_MS = 5_000;

const PROTOCOL = 'postern-peer';
const VERSION = 'TLSv1.3';

/** PEM. */
export interface PeerCertificate {
  readonly cert: string;
  readonly key: string;
}

/** The half of the node that was dialled. */
export class PeerTls {
  readonly #context: SecureContext;

  constructor({ cert, key }: PeerCertificate) {
    this.#context = createSecureContext({ cert, key, minVersion: VERSION });
  }

  /** Takes over a connection. Rejects, and ends it, for one that speaks anything else or takes too long. */
  async accept(socket: Socket): Promise<TLSSocket> {
    const late = setTimeout(() => socket.destroy(), TIMEOUT_MS);
    socket.on('error', () => {}); // `close` follows, and ends the one around it
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext: this.#context,
      ALPNProtocols: [PROTOCOL],
    });
    return await agreed(secure, 'secure').finally(() => clearTimeout(late));
  }
}

/** The half of the node that dials. Rejects when nothing is there that speaks so. */
export async function dialSecurely({ host, port }: PeerAddress & { readonly kind: 'tls' }): Promise<TLSSocket> {
  const secure = connect({
    ...{ host, port, servername: PROTOCOL, ALPNProtocols: [PROTOCOL], minVersion: VERSION },
    rejectUnauthorized: false, // what proves the node is the secret
  });
  const late = setTimeout(() => secure.destroy(refused('it does not respond')), TIMEOUT_MS);
  return await agreed(secure, 'secureConnect').finally(() => clearTimeout(late));
}

/** Resolves once the handshake is complete. */
function agreed(secure: TLSSocket, event: 'secure' | 'secureConnect'): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    secure.on('error', reject); // for as long as it lives: its owner learns of the end by `close`
    secure.once('close', () => reject(refused('it has left')));
    secure.once(event, () => {
      if (secure.alpnProtocol === PROTOCOL) return resolve(secure.setNoDelay());
      secure.destroy();
      reject(refused('it speaks another protocol'));
    });
  });
}

function refused(detail: string): PosternError {
  return new PosternError('ERR_LINK_LOST', `not a node of this edge: ${detail}`);
}
