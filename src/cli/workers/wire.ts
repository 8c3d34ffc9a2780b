/** What a supervisor and its workers say to each other beside the calls of store and directory. */
import type { ChildProcess } from 'node:child_process';
import type { Socket } from 'node:net';
import type { Port } from '../../cluster/ipc/calls.js';
import type { Listener } from '../../edge/visitors/listen/listeners.js';

/** What a worker is told when it asks for it. */
export interface WorkerStart {
  /** From 1 on: the worker that takes the place of another one has its number. */
  readonly slot: number;
  /** Where the supervisor listens. */
  readonly listeners: readonly Listener[];
  /** Its own socket for other workers. */
  readonly peer: string;
  /** Random for each start of the supervisor. */
  readonly machine: string;
}

/** What the admin address says of a worker. */
export interface WorkerStatus {
  readonly ready: true | string;
  readonly notes: readonly string[];
  readonly metrics: string;
}

/** Goes with each connection that is handed out: on which of the listeners it came. */
export interface HandOut {
  readonly postern: 'connection';
  readonly listener: number;
}

/** The channel to a child, as a port. */
export function portOfChild(child: ChildProcess): Port {
  return {
    post: (message) => {
      if (child.connected) child.send(message as object, () => {}); // `exit` follows a channel that cannot take it
    },
    onMessage: (listener) => child.on('message', listener),
    onClose: (listener) => child.once('exit', listener),
  };
}

/** The channel to the supervisor, as a port. */
export function portOfSupervisor(): Port {
  return {
    post: (message) => {
      if (process.connected) process.send?.(message, undefined, undefined, () => {}); // `disconnect` follows
    },
    onMessage: (listener) => process.on('message', listener),
    onClose: (listener) => process.once('disconnect', listener),
  };
}

/** Calls the listener with each connection that the supervisor hands out. */
export function onConnection(listener: (socket: Socket, listener: number) => void): void {
  process.on('message', (message: Partial<HandOut>, socket: Socket | undefined) => {
    if (message.postern === 'connection' && socket !== undefined) listener(socket, message.listener ?? 0);
  });
}
