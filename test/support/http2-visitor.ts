/** A visitor over HTTP/2 with prior knowledge: the client of Node, on the port of an edge. */
import { once } from 'node:events';
import { type ClientHttp2Session, type ClientHttp2Stream, connect, type IncomingHttpHeaders } from 'node:http2';
import type { Readable } from 'node:stream';

/** Names and values in turn, in the order of the wire; pseudo-fields among them. */
export type Asked = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Http2Response {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  readonly trailers: IncomingHttpHeaders;
  /** 1xx heads that came before. */
  readonly informational: readonly IncomingHttpHeaders[];
}

export class Http2Visitor {
  readonly session: ClientHttp2Session;
  readonly #defaults: Asked;

  private constructor(session: ClientHttp2Session, defaults: Asked) {
    this.session = session;
    this.#defaults = defaults;
    session.on('error', () => {}); // its streams say it
  }

  /** Resolves once the settings of the edge are here. `defaults` go with each request, which may say otherwise. */
  static async open(port: number, defaults: Asked): Promise<Http2Visitor> {
    const visitor = new Http2Visitor(
      connect(`http://127.0.0.1:${port}`, { maxSendHeaderBlockLength: 262_144 }),
      defaults,
    );
    await once(visitor.session, 'remoteSettings');
    return visitor;
  }

  /** Sends the head of a request; its body is the caller's, unless it has none. */
  send(
    asked: Asked,
    options: { readonly endStream?: boolean; readonly waitForTrailers?: boolean } = {},
  ): ClientHttp2Stream {
    const all = Object.entries({ ...this.#defaults, ...asked }).filter(([, value]) => value !== undefined);
    const stream = this.session.request(Object.fromEntries(all) as Record<string, string | string[]>, options);
    stream.on('error', () => {}); // `close` follows, and `rstCode` says why
    return stream;
  }

  /** One whole exchange. Rejects when the stream is reset. */
  async ask(asked: Asked, body?: string | Buffer | Readable): Promise<Http2Response> {
    const stream = this.send(asked, { endStream: body === undefined });
    if (body !== undefined) typeof body === 'string' || Buffer.isBuffer(body) ? stream.end(body) : body.pipe(stream);
    return whole(stream);
  }

  close(): void {
    this.session.destroy();
  }
}

/** The response on a stream, once it is whole. */
export async function whole(stream: ClientHttp2Stream): Promise<Http2Response> {
  const informational: IncomingHttpHeaders[] = [];
  let trailers: IncomingHttpHeaders = {};
  stream.on('headers', (head) => informational.push(head));
  stream.on('trailers', (fields) => {
    trailers = fields;
  });
  const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders];
  const text = Buffer.concat(await stream.toArray()).toString('latin1');
  return { status: Number(headers[':status']), headers, text, trailers, informational };
}
