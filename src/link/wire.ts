/** What carries the bytes of a link's HTTP/2 connection, in order and both ways: a WebSocket, or a socket between two nodes. */
import type { Http2Error } from '../http2/errors.js';

export interface WireObserver {
  /** Bytes of the connection have arrived; the wire does not write to them again. */
  received(bytes: Buffer): void;
  /** The peer has sent something: it is alive. */
  alive(): void;
  /** The peer misuses the wire. */
  failed(error: Http2Error): void;
  /** The wire has ended, for whatever reason. */
  closed(reason: unknown): void;
}

export interface Wire {
  /** Once, before anything can arrive. */
  observe(observer: WireObserver): void;
  /** As many bytes in front of those that are sent must be free in their ArrayBuffer, for the framing. */
  readonly headroomBytes: number;
  /** Sends bytes, which are the wire's to change, unless it has ended. `sent` is called when they have left its buffers, and never if they were lost. */
  send(bytes: Buffer, sent: () => void): void;
  /** Ends it behind what was sent: without an error, or because of one of the connection. */
  close(error: Http2Error | undefined): void;
  /** Ends it now. */
  destroy(): void;
}
