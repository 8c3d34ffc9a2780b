/** Connections that another process has accepted: where it listens, and how they come. */
import type { Socket } from 'node:net';
import type { Listener } from './listeners.js';

export interface HandedOut {
  readonly listeners: readonly Listener[];
  /** From now on every connection is given to `accept`. */
  start(accept: (socket: Socket, listener: Listener) => void): void;
}
