/** A shim until the agent hears its streams by an observer. */
import type { Duplex } from 'node:stream';
import type { RawHeaders } from '../core/headers.js';
import type { InboundStream, RequestHead, ResponseHead } from '../link/stream.js';

export interface OldSendOptions {
  readonly endOfBody: boolean;
  readonly trailers?: () => RawHeaders;
}

export interface OldInbound {
  readonly head: RequestHead;
  readonly endOfBody: boolean;
  readonly body: Duplex;
  informational(head: ResponseHead): void;
  respond(head: ResponseHead, options: OldSendOptions): void;
  cancel(): void;
  onCancelled(listener: () => void): void;
  onTrailers(listener: (trailers: RawHeaders) => void): void;
}

export function oldInbound(stream: InboundStream): OldInbound {
  if ('body' in stream) return stream as never;
  const cancelListeners: (() => void)[] = [];
  const trailerListeners: ((trailers: RawHeaders) => void)[] = [];
  stream.observe({
    data: () => {},
    end: () => {},
    drain: () => {},
    sent: () => {},
    trailers: (trailers) => {
      for (const listener of trailerListeners) listener(trailers);
    },
    cancelled: () => {
      for (const listener of cancelListeners) listener();
    },
  });
  const body = stream.takeBody();
  return {
    head: stream.head,
    endOfBody: stream.endOfBody,
    body,
    informational: (head) => stream.informational(head),
    respond: (head, options) => {
      stream.respond(head, options);
      if (options.endOfBody) body.end();
    },
    cancel: () => stream.cancel(),
    onCancelled: (listener) => void cancelListeners.push(listener),
    onTrailers: (listener) => void trailerListeners.push(listener),
  };
}
