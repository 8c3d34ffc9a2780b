/**
 * How the client reaches its server: directly, or by asking the sentinels where the primary is. In place of the client's own
 * connectors: a socket of theirs that fails twice, as one does whose TLS is refused, ends the process, and they end a socket
 * gracefully whose server stands still.
 */
import { connect as connectInClear, type Socket } from 'node:net';
import { connect as connectWithTls } from 'node:tls';
import { AbstractConnector, Redis, type RedisOptions } from 'ioredis';
import { Backoff } from '../../core/backoff.js';
import type { Place, RedisAddress, Sentinels, TlsFiles } from './address.js';

export interface ConnectorOptions {
  readonly at: RedisAddress['at'];
  readonly tls: TlsFiles | undefined;
  readonly deadlineMs: number;
}

type ClientOptions = Omit<RedisOptions, 'replyMapping'> & { readonly replyMapping: 'legacy' };

/** What every client is told about its connection. */
export function connectionOptions(options: ConnectorOptions): ClientOptions {
  return {
    Connector: class extends Connector {
      constructor() {
        super(options);
      }
    },
    // The client has to know which event of the socket is the one to wait for.
    ...(options.tls !== undefined && { tls: {} }),
    connectTimeout: options.deadlineMs,
    commandTimeout: options.deadlineMs,
    enableReadyCheck: false,
    disableClientInfo: true,
    lazyConnect: true,
    protocol: 2,
    replyMapping: 'legacy',
  };
}

const RETRY = { firstMs: 100, maxMs: 5_000 };

/** A reply of a sentinel: where the primary is. */
type Found = Place | undefined;

class Connector extends AbstractConnector {
  readonly #options: ConnectorOptions;
  readonly #backoff = new Backoff(RETRY);
  #socket: Socket | undefined;

  constructor(options: ConnectorOptions) {
    super(0);
    this.#options = options;
  }

  override async connect(emit: (type: string, error: Error) => void): Promise<Socket> {
    this.connecting = true;
    for (;;) {
      const place = await this.#locate();
      if (!this.connecting) throw new Error('Connection is closed.');
      if (place !== undefined) return this.#open(place);
      // A connector that rejects is not asked again.
      emit('error', new Error('All sentinels are unreachable'));
      await new Promise((resolve) => setTimeout(resolve, this.#backoff.next()));
    }
  }

  override disconnect(): void {
    this.connecting = false;
    this.#socket?.destroy();
  }

  #open(place: Place): Socket {
    this.#backoff.reset();
    const socket = openSocket(place, this.#options.tls);
    socket.on('error', () => {}); // the client listens for the first one only
    this.#socket = socket;
    this.stream = socket;
    return socket;
  }

  async #locate(): Promise<Found> {
    const { at } = this.#options;
    if (at.kind !== 'sentinel') return at;
    for (const { host, port } of at.sentinels) {
      const found = await askSentinel(at, { kind: 'tcp', host, port }, this.#options);
      if (found !== undefined || !this.connecting) return found;
    }
    return undefined;
  }
}

function openSocket(place: Place, tls: TlsFiles | undefined): Socket {
  const where = place.kind === 'unix' ? { path: place.path } : { host: place.host, port: place.port };
  if (tls === undefined) return connectInClear(where);
  // RFC 6066 section 3: an IP address is no server name. Certificates are compared with the host in any case.
  const isNamed = place.kind === 'tcp' && !/^[\d.]+$|:/.test(place.host);
  return connectWithTls({ ...where, ...tls, ...(isNamed && { servername: place.host }) });
}

async function askSentinel(
  { primary, user, password }: Sentinels,
  at: Place,
  { tls, deadlineMs }: Omit<ConnectorOptions, 'at'>,
): Promise<Found> {
  const client = new Redis({
    ...connectionOptions({ at, tls, deadlineMs }),
    ...(user !== undefined && { username: user }),
    ...(password !== undefined && { password }),
    retryStrategy: () => null,
  });
  client.on('error', () => {}); // another sentinel is asked
  try {
    await client.connect();
    return readPlace(await client.call('SENTINEL', 'GET-MASTER-ADDR-BY-NAME', primary));
  } catch {
    return undefined;
  } finally {
    client.disconnect();
  }
}

function readPlace(reply: unknown): Found {
  const [host, port] = Array.isArray(reply) ? (reply as unknown[]) : [];
  if (typeof host !== 'string' || !/^[\w.:-]{1,255}$/.test(host)) return undefined;
  const number = /^\d{1,5}$/.test(`${port}`) ? Number(port) : 0;
  return number >= 1 && number <= 65_535 ? { kind: 'tcp', host, port: number } : undefined;
}
