/**
 * The response to a request that has no head to judge: malformed, or with a list that is too large (RFC 9113 section 8.1.1,
 * RFC 6585 section 5). It has an id and a line in the log like any other.
 */
import { randomUUID } from 'node:crypto';
import type { PosternError } from '../../../errors.js';
import { Http2ErrorCode } from '../../../http2/errors.js';
import type { Http2Stream } from '../../../http2/stream/stream.js';
import type { Observer } from '../../ops/observer.js';
import { refusalPage } from '../refusal-page.js';
import { replyFields } from './response-fields.js';

/** Responds with a page, and drops what still arrives. A malformed request then ends with a stream error, as the RFC demands. */
export function refuseRequest(stream: Http2Stream, error: PosternError, observer: Observer, address: string): void {
  const requestId = randomUUID();
  const { status, code } = error;
  observer.emit({ kind: 'malformed', requestId, address, status, error });
  const body = refusalPage(error, requestId);
  stream.observe({
    data: () => {},
    trailers: () => {},
    end: () => {},
    drain: () => {
      if (stream.endSent && code === 'ERR_BAD_REQUEST') stream.reset(Http2ErrorCode.PROTOCOL_ERROR);
    },
    closed: () => {},
  });
  stream.sendHeaders(replyFields({ status, headers: body.headers, body: body.text, error: code }, requestId), {
    endStream: false,
  });
  stream.write(Buffer.from(body.text));
  stream.end();
  stream.discard();
}
