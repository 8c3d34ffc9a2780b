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
  let first: Buffer = Buffer.alloc(0);
  const read = (part: Buffer) => {
    first = first.length === 0 ? part : Buffer.concat([first, part]);
    if (!isWhole(first)) return;
    socket.off('data', read);
    socket.pause();
    done(first);
  };
  socket.on('data', read);
}

function isWhole(first: Buffer): boolean {
  if (!isHandshake(first)) return true;
  if (first.length < HEADER_BYTES) return false;
  const bytes = first.readUInt16BE(3);
  return bytes > MAX_CONTENT_BYTES || first.length >= HEADER_BYTES + bytes; // one that is too long is for TLS to refuse
}
