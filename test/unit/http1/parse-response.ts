/** What the response parser reads from bytes, as one value that can be compared. */

import { MalformedResponse } from '../../../src/http1/errors.js';
import { ResponseParser } from '../../../src/http1/response-parser.js';

export interface ParsedResponse {
  readonly informational: { status: number; fields: readonly string[] }[];
  status: number;
  fields: readonly string[];
  body: string;
  trailers: readonly string[];
  /** `whole`, `cut` if the connection ended too early, `malformed`, `upgraded`, or `waiting` for more. */
  outcome: 'whole' | 'cut' | 'malformed' | 'upgraded' | 'waiting';
  /** How many pieces came until then. */
  pieces: number;
  /** Whether the connection could carry another request. */
  reusable: boolean;
}

export interface ParseOptions {
  readonly method?: string;
  /** 101 was asked for. */
  readonly upgrade?: boolean;
  /** The connection stays open after the last bytes. */
  readonly open?: boolean;
}

/** Reads pieces of latin1 text one after the other, each in the same memory, and then the end of the connection. */
export function parseResponse(
  pieces: readonly string[],
  { method = 'GET', upgrade, open }: ParseOptions = {},
): ParsedResponse {
  const parsed: ParsedResponse = {
    informational: [],
    status: 0,
    fields: [],
    body: '',
    trailers: [],
    outcome: 'waiting',
    pieces: 0,
    reusable: false,
  };
  const reader = new ResponseParser();
  const kept: Buffer[] = [];
  reader.expect(method, {
    informational: ({ status, fields }) => void parsed.informational.push({ status, fields }),
    head: ({ status, fields }) => Object.assign(parsed, { status, fields }),
    data: (piece) => void kept.push(Buffer.from(piece)),
    end: (trailers) => Object.assign(parsed, { trailers, outcome: 'whole' }),
    ...(upgrade && {
      upgraded: ({ status, fields }, rest) => {
        kept.push(rest);
        Object.assign(parsed, { status, fields, outcome: 'upgraded' });
      },
    }),
  });
  const memory = Buffer.alloc(Math.max(0, ...pieces.map((piece) => piece.length)));
  try {
    for (const piece of pieces) {
      if (parsed.outcome === 'waiting') parsed.pieces += 1;
      memory.fill(0x23);
      reader.receive(memory.subarray(0, memory.write(piece, 'latin1')));
    }
    parsed.reusable = reader.isReusable;
    if (open !== true && !reader.finish() && parsed.outcome === 'waiting') parsed.outcome = 'cut';
  } catch (thrown) {
    if (!(thrown instanceof MalformedResponse)) throw thrown;
    parsed.outcome = 'malformed';
  }
  parsed.body = Buffer.concat(kept).toString('latin1');
  return parsed;
}
