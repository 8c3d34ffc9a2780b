/**
 * Where nodes of other machines reach this one: a port with TLS. Each worker of a supervisor has a port of its own, counted from the
 * one in the options; one that replaces another takes the next such port that is free, since both serve for a while.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { addressText, type ListenAddress } from '../config/addresses.js';
import { ListenError } from '../config/listen-error.js';
import { writePeerAddress } from './peer-address.js';
import { type PeerCertificate, PeerTls } from './peer-tls.js';

export interface PeerListenOptions {
  readonly listen: ListenAddress;
  /** What others dial, if it is not the same. */
  readonly url: ListenAddress | undefined;
  /** From 0 on. */
  readonly worker: number;
  readonly workers: number;
  readonly certificate: PeerCertificate;
}

// A worker drains for less than a minute, and workers are replaced one after the other.
const GENERATIONS = 4;

export class PeerListener {
  /** As other nodes read it. */
  readonly address: string;
  readonly #server: Server;

  private constructor(server: Server, address: string) {
    this.#server = server;
    this.address = address;
  }

  /** Resolves once others can connect. Rejects with a `ListenError`. */
  static async open(options: PeerListenOptions, accept: (socket: Socket, tls: PeerTls) => void): Promise<PeerListener> {
    const { listen, url, worker, workers, certificate } = options;
    const tls = new PeerTls(certificate);
    const server = createServer((socket) => accept(socket, tls));
    const port = await listenOnOne(server, listen, worker, workers);
    const dialled = url ?? listen;
    const offset = listen.port === 0 ? 0 : port - listen.port;
    const reached = url === undefined || url.port === 0 ? port : url.port + offset;
    return new PeerListener(server, writePeerAddress({ host: dialled.host, port: reached }));
  }

  /** Takes no further connections. */
  close(): void {
    this.#server.close();
  }
}

async function listenOnOne(server: Server, { host, port }: ListenAddress, worker: number, workers: number) {
  for (let generation = 0; ; generation++) {
    const one = { host, port: port === 0 ? 0 : port + worker + generation * workers };
    try {
      server.listen(host === '*' ? { port: one.port } : one);
      await once(server, 'listening');
      return (server.address() as AddressInfo).port;
    } catch (error) {
      const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      if (isTaken && workers > 1 && generation + 1 < GENERATIONS) continue;
      throw new ListenError('POSTERN_PEER_LISTEN', addressText(one), error);
    }
  }
}
