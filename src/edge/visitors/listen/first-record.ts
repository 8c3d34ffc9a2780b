/** The beginning of a connection on a port for TLS, before it is known whether TLS is what comes. */
import type { Socket } from 'node:net';

// Of a record: its type, version and length (RFC 8446 section 5.1). Those of a handshake have type 22.
const HEADER_BYTES = 5;
const HANDSHAKE = 22;
const MAX_CONTENT_BYTES = 2 ** 14;

/** Whether a connection begins with a record of a handshake. */
export function isHandshake(first: Buffer): boolean {
  return first[0] === HANDSHAKE;
}

/**
 * Passes on what a connection begins with: the whole first record where that is one of a handshake, and anything else as it
 * comes. A ClientHello that does not fit into a packet, as those with a post-quantum key do not, arrives in parts. What comes
 * later stays in the socket, which is paused.
 */
export function readFirstRecord(socket: Socket, done: (first: Buffer) => void): void {
  const parts: Buffer[] = [];
  let bytes = 0;
  let wanted: number | undefined;
  const read = (part: Buffer) => {
    parts.push(part);
    bytes += part.length;
    wanted ??= bytesToAwait(Buffer.concat(parts));
    if (wanted === undefined || bytes < wanted) return;
    socket.off('data', read);
    socket.pause();
    done(Buffer.concat(parts));
  };
  socket.on('data', read);
}

// Undefined while the header of the record is not there.
function bytesToAwait(first: Buffer): number | undefined {
  if (!isHandshake(first)) return first.length;
  if (first.length < HEADER_BYTES) return undefined;
  const content = first.readUInt16BE(3);
  return HEADER_BYTES + (content > MAX_CONTENT_BYTES ? 0 : content); // one that is too long is for TLS to refuse
}
