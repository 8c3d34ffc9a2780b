/**
 * `ws`, loaded by `require`. Imported as an ES module, Node would first read each of its files for the names that it exports,
 * which costs the start of an agent as much as all of its other modules of the link together.
 */
import type { Buffer } from 'node:buffer';
import { createRequire } from 'node:module';

/** What `ws` exports besides what is typed: the writer of frames that its sockets use. */
interface Sender {
  /** The header of a frame, and the payload; where that is not read-only, it is masked in place. */
  frame(
    payload: Buffer,
    options: { fin: boolean; rsv1: boolean; opcode: number; mask: boolean; readOnly: boolean },
  ): [header: Buffer, payload?: Buffer];
}

export const { WebSocket, WebSocketServer, Sender } = createRequire(import.meta.url)('ws') as typeof import('ws') & {
  readonly Sender: Sender;
};
