/**
 * TLS (RFC 8446, RFC 5246) on the connections of strangers: a handshake has a time limit, a network has so many at once, and a
 * client that speaks plain HTTP is told so. ALPN (RFC 7301) selects the protocol that follows.
 */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import { createSecureContext, type SecureContext, TLSSocket } from 'node:tls';
import { Counts } from '../../../core/counts.js';
import { PosternError } from '../../../errors.js';
import { writeResponseHead } from '../../../http1/response-writer.js';
import type { Observer } from '../../ops/observer.js';
import { peerAddress } from '../../request/client-address.js';
import { HANDSHAKES, network } from '../../request/limits.js';
import { endSocketWithLinger } from '../http1/lingering-close.js';
import { isHandshake, readFirstRecord } from './first-record.js';

export interface HandshakeOptions {
  /** The context for the name of a handshake; undefined while there is no certificate. */
  readonly contextFor: (servername: string | undefined) => SecureContext | undefined;
  /** In the order of preference. */
  readonly protocols: readonly string[];
  readonly observer: Observer;
  /** Whether an address is a reverse proxy's: all visitors have it, so it is not counted. */
  readonly isProxy: (address: string) => boolean;
  /** Takes over a connection whose handshake is complete. */
  readonly accept: (socket: TLSSocket) => void;
  /** The certificate that proves the control of a name to an authority (RFC 8737); undefined where there is none. */
  readonly proofFor?: (name: string) => Promise<SecureContext | undefined>;
  readonly limits?: typeof HANDSHAKES;
}

// RFC 8737 section 6.2. A handshake that asks for a proof asks for nothing else.
const PROOF_PROTOCOL = 'acme-tls/1';

const PLAIN_TEXT = 'This port speaks HTTPS: the address begins with https://.\n';

export class Handshakes {
  readonly #options: HandshakeOptions;
  readonly #limits: typeof HANDSHAKES;
  readonly #running = new Set<Socket>();
  readonly #byNetwork = new Counts();
  // Without a certificate, the client gets the alert `handshake_failure`.
  readonly #noContext = createSecureContext();

  constructor(options: HandshakeOptions) {
    this.#options = options;
    this.#limits = options.limits ?? HANDSHAKES;
  }

  /** Takes over a connection. */
  accept(socket: Socket): void {
    const address = peerAddress(socket);
    const completed = this.#admit(address, socket);
    if (completed === undefined) {
      this.#options.observer.emit({ kind: 'over-budget', budget: 'handshakes', address });
      return void socket.destroy();
    }
    socket.on('error', destroySocket);
    socket.once('end', destroySocket);
    readFirstRecord(socket, (first) => {
      socket.off('end', destroySocket);
      if (!isHandshake(first)) return this.#refusePlain(socket, first, address);
      socket.unshift(first); // it is read by TLS
      this.#begin(socket, first, { address, completed });
    });
  }

  /** Ends every handshake that is not complete. */
  destroy(): void {
    for (const socket of this.#running) socket.destroy();
  }

  /**
   * Counts a handshake of a network until the connection is closed or `completed`, which it returns, is called. Undefined when
   * the network has as many as it may have.
   */
  #admit(address: string, socket: Socket): (() => void) | undefined {
    const party = this.#options.isProxy(address) ? undefined : network(address);
    if (party !== undefined) {
      if (this.#byNetwork.of(party) >= this.#limits.maxOfOne) return undefined;
      this.#byNetwork.add(party);
    }
    this.#running.add(socket);
    const late = setTimeout(() => socket.destroy(), this.#limits.timeoutMs);
    const over = () => {
      socket.off('close', over);
      clearTimeout(late);
      this.#running.delete(socket);
      if (party !== undefined) this.#byNetwork.remove(party);
    };
    socket.once('close', over);
    return over;
  }

  #begin(socket: Socket, first: Buffer, { address, completed }: Begun): void {
    const { contextFor, protocols, accept, proofFor } = this.#options;
    const isProof = proofFor !== undefined && first.includes(PROOF_PROTOCOL);
    const select = isProof ? proofFor : async (name: string) => contextFor(name);
    const secure = new TLSSocket(socket, {
      isServer: true,
      secureContext: contextFor(undefined) ?? this.#noContext,
      ALPNProtocols: isProof ? [PROOF_PROTOCOL] : [...protocols],
      SNICallback: (name, done) => {
        select(name).then(
          (context) => done(null, context ?? this.#noContext),
          (error: Error) => done(error),
        );
      },
    });
    secure.on('error', (error) => {
      if (isComplete) return;
      const reason = 'code' in error && typeof error.code === 'string' ? error.code : error.message;
      this.#options.observer.emit({ kind: 'handshake-failed', address, reason });
      secure.destroy();
    });
    secure.once('end', destroySocket);
    let isComplete = false;
    secure.once('secure', () => {
      isComplete = true;
      secure.off('end', destroySocket);
      completed();
      secure.disableRenegotiation(); // TLS 1.2 permits it, and no visitor needs it
      if (isProof) secure.end();
      else accept(secure);
    });
  }

  #refusePlain(socket: Socket, first: Buffer, address: string): void {
    if (!isHttp(first)) return void socket.destroy();
    const error = new PosternError('ERR_BAD_REQUEST', 'HTTP without TLS on a port for HTTPS');
    const requestId = randomUUID();
    this.#options.observer.emit({ kind: 'malformed', requestId, address, status: error.status, error });
    const fields = {
      'Content-Type': 'text/plain; charset=utf-8',
      'Content-Length': String(PLAIN_TEXT.length),
      'Postern-Error': error.code,
      'X-Request-Id': requestId,
      Connection: 'close',
    };
    socket.resume(); // the rest of the request is dropped
    endSocketWithLinger(socket, writeResponseHead(error.status, Object.entries(fields).flat()) + PLAIN_TEXT);
  }
}

interface Begun {
  readonly address: string;
  readonly completed: () => void;
}

// The method of a request line, or the preface of HTTP/2.
function isHttp(first: Buffer): boolean {
  return /^[A-Z]{1,20}(?: |$)/.test(first.toString('latin1', 0, 21));
}

function destroySocket(this: Socket): void {
  this.destroy();
}
