/** A channel between two processes, in one: what is posted is copied, and arrives later and in order. */
import type { Port } from '../../src/cluster/ipc/calls.js';

export interface PortPair {
  readonly one: Port;
  readonly other: Port;
  /** Ends the channel, as the end of either process does. */
  close(): void;
}

export function portPair(): PortPair {
  const ends = [new End(), new End()] as const;
  const portOf = (own: End, remote: End): Port => ({
    post: (message) => remote.deliver(structuredClone(message)),
    onMessage: (listener) => own.listeners.push(listener),
    onClose: (listener) => own.closeListeners.push(listener),
  });
  return {
    one: portOf(ends[0], ends[1]),
    other: portOf(ends[1], ends[0]),
    close: () => {
      for (const end of ends) end.close();
    },
  };
}

class End {
  readonly listeners: ((message: unknown) => void)[] = [];
  readonly closeListeners: (() => void)[] = [];
  #isClosed = false;

  deliver(message: unknown): void {
    setImmediate(() => {
      if (!this.#isClosed) for (const listener of this.listeners) listener(message);
    });
  }

  close(): void {
    this.#isClosed = true;
    for (const listener of this.closeListeners) listener();
  }
}
