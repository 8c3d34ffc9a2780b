/** One DNS message to a server and its response, over TCP (RFC 7766): updates are past the size of a datagram soon. */
import { connect } from 'node:net';

/** Where a name server is. */
export interface NameServer {
  /** An IP address or a host name. */
  readonly host: string;
  readonly port: number;
}

const TIMEOUT_MS = 10_000;

/** Sends a message, and resolves to the first response. Rejects with the system's error, or after ten seconds. */
export function exchange({ host, port }: NameServer, message: Buffer, signal: AbortSignal): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const limit = AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]);
    const socket = connect({ host, port });
    const end = (settle: () => void) => {
      limit.removeEventListener('abort', abort);
      socket.destroy();
      settle();
    };
    const abort = () => end(() => reject(new Error(`no response from the name server ${host}:${port}`)));
    let received = Buffer.alloc(0);
    limit.addEventListener('abort', abort);
    socket.on('connect', () => socket.write(withLength(message)));
    socket.on('error', (error) => end(() => reject(error)));
    socket.on('close', () => end(() => reject(new Error(`the name server ${host}:${port} closed the connection`))));
    socket.on('data', (chunk: Buffer) => {
      received = Buffer.concat([received, chunk]); // at most 64 kB and a chunk
      if (received.length < 2) return;
      const length = received.readUInt16BE(0);
      if (received.length >= 2 + length) end(() => resolve(received.subarray(2, 2 + length)));
    });
  });
}

function withLength(message: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(message.length);
  return Buffer.concat([length, message]);
}
