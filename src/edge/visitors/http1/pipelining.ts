/**
 * The turns of responses on a connection. HTTP/1.1 responses leave in the order of their requests (RFC 9112 section 9.3.2):
 * a request that was sent behind an unanswered one waits, so that it is judged when it is carried, and so that it does
 * not outlive a visitor who leaves meanwhile, of which a waiting answer of `node:http` hears nothing. What is no
 * ordinary request cannot wait: it must not write into a response that is under way.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { MAX_PENDING_RESPONSES, MAX_WAITING_HEAD_BYTES } from '../../request/limits.js';

// A property of the socket and a list, which nearly always holds one: a WeakMap and a Set cost ten times as much.
const OWED = Symbol('owed answers');

type Owing = Duplex & { [OWED]?: ServerResponse[] };

/**
 * Notes that a connection owes this response. Whoever notes it calls `paid` when the response is closed. False, and nothing
 * is noted, when the connection owes as many as it may: it is to be closed.
 */
export function trackResponse(socket: Owing, response: ServerResponse): boolean {
  const owed = socket[OWED];
  if (owed === undefined) socket[OWED] = [response];
  else {
    if (owed.length > 0 && !hasRoom(owed, response)) return false;
    owed.push(response);
  }
  return true;
}

// `node:http` reads on while answers wait, as long as nobody has written to one of them: each holds its request.
function hasRoom(owed: readonly ServerResponse[], response: ServerResponse): boolean {
  if (owed.length >= MAX_PENDING_RESPONSES) return false;
  let bytes = headBytes(response);
  for (const other of owed) if (other.socket === null) bytes += headBytes(other);
  return bytes <= MAX_WAITING_HEAD_BYTES;
}

function headBytes({ req: { url, rawHeaders } }: ServerResponse): number {
  let bytes = url?.length ?? 0;
  for (const text of rawHeaders) bytes += text.length + 2; // a colon and a blank, or CR and LF
  return bytes;
}

/** Notes that a response has ended, whole or not. */
export function paid(socket: Owing, response: ServerResponse): void {
  const owed = socket[OWED];
  const at = owed?.indexOf(response) ?? -1;
  if (at !== -1) owed?.splice(at, 1);
}

/** Whether a response is under way on a connection, or waits for its turn there. */
export function hasPendingResponse(socket: Owing): boolean {
  return (socket[OWED]?.length ?? 0) > 0;
}

/** Calls back when a connection owes nothing: now, or once the last of its responses is closed. */
export function whenAllPaid(socket: Owing, then: () => void): void {
  const last = socket[OWED]?.at(-1);
  if (last === undefined) then();
  else last.once('close', then);
}

/** Calls back once the responses to all requests that have come whole are closed: now, when there are none. */
export function whenWholePaid(socket: Owing, then: () => void): void {
  const last = (socket[OWED] ?? []).filter(({ req }) => req.complete).at(-1);
  if (last === undefined) then();
  else last.once('close', then);
}

/** Whether the head of a response has left whose end has not: whatever is written now becomes a part of its body. */
export function responseStarted(socket: Owing): boolean {
  return (socket[OWED] ?? []).some(({ headersSent }) => headersSent);
}

/** Gives nothing at once when all responses before this one have left, else once they have; never if their visitor leaves. */
export function turnOf(response: ServerResponse): Promise<unknown> | undefined {
  return response.socket === null ? once(response, 'socket') : undefined;
}
