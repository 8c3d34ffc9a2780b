/** An exchange as rows, details, files and replays are made of it, wherever what was captured of it is kept. */
import type { RequestHead, ResponseHead } from '../../http/exchange.js';
import type { RawHeaders } from '../../http/fields.js';
import type { TunnelName } from './inspected-tunnels.js';
import type { MessageLog } from './message-log.js';

/** The first bytes of a body, as far as they are kept. */
export interface KeptBody {
  /** All bytes that passed. */
  readonly bytes: number;
  readonly kept: number;
  /** What was kept, in one piece. */
  read(): Buffer;
}

export interface KeptExchange {
  readonly id: string;
  readonly seq: number;
  readonly tunnel: TunnelName;
  readonly replayOf: string | undefined;
  /** The round trip between edge and agent, as far as it is known. */
  readonly linkMs: number | undefined;
  /** Who has made the request. Apart from the headers, which take long to read for all exchanges. */
  readonly person: string | undefined;
  readonly startedAtMs: number;
  /** Milliseconds since its arrival. */
  readonly firstByteMs: number | undefined;
  readonly endedMs: number | undefined;
  readonly isWebSocket: boolean;
  readonly head: RequestHead;
  readonly response: ResponseHead | undefined;
  readonly responseTrailers: RawHeaders;
  readonly requestBody: KeptBody;
  readonly responseBody: KeptBody;
  /** Of a WebSocket, or of an event stream. */
  readonly messages: MessageLog | undefined;
  readonly failure: string | undefined;
  readonly isAborted: boolean;
  readonly isPinned: boolean;
  readonly note: string;
  /** What it takes up, as accounted. */
  readonly cost: number;
}
