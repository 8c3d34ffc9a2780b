/**
 * Carries a request's body to the target. One direction of a stream whose other direction is the answer, so it is not a
 * `pipeline`: a target that answers early and stops reading must not take the answer with it; the rest is discarded.
 */
import type { ClientRequest } from 'node:http';
import { filterTrailers, isFieldValue, type RawHeaders } from '../core/headers.js';
import { PosternError } from '../errors.js';
import type { OldInbound as InboundStream } from './old-inbound.js';

/**
 * Sends the body with back-pressure, then its trailers. `lengthBytes` is what the head promised: a body of any other
 * length destroys the request with `ERR_BAD_REQUEST`, since the target would take the excess for a second request.
 */
export function sendBody(stream: InboundStream, request: ClientRequest, lengthBytes: number | undefined): void {
  const { body } = stream;
  let sentBytes = 0;
  let trailers: RawHeaders = [];
  stream.onTrailers((received) => {
    trailers = received;
  });
  const refuse = () => request.destroy(new PosternError('ERR_BAD_REQUEST', 'The body is not as long as announced.'));
  const carry = (chunk: Buffer) => {
    sentBytes += chunk.length;
    if (lengthBytes !== undefined && sentBytes > lengthBytes) refuse();
    else if (!request.write(chunk)) body.pause();
  };
  const resume = () => body.resume();
  const finish = () => {
    // Without chunks there is no place for trailers (RFC 9112 section 7.1.2) and `node:http` drops them.
    request.addTrailers(pairs(trailers));
    request.end();
  };
  const end = () => {
    if (lengthBytes !== undefined && sentBytes !== lengthBytes) refuse();
    else finish();
  };
  body.on('data', carry);
  body.once('end', end);
  request.on('drain', resume);
  request.once('close', () => {
    body.off('data', carry);
    body.off('end', end);
    body.resume();
  });
  // Sends the head before the first byte: a target may answer, or ask with 100, while the body is awaited. Not
  // `flushHeaders()`, which encodes a path or a value above 0x7F as UTF-8 a second time.
  request.write(Buffer.alloc(0));
}

function pairs(trailers: RawHeaders): [string, string][] {
  const kept = filterTrailers(trailers);
  const list: [string, string][] = [];
  for (let at = 0; at + 1 < kept.length; at += 2) {
    const value = kept[at + 1] as string;
    if (isFieldValue(value)) list.push([kept[at] as string, value]);
  }
  return list;
}
