/**
 * Pipelining: HTTP/1.1 responses leave in the order of their requests (RFC 9112 section 9.3.2). A request that was sent
 * behind another one waits, so that the gate judges it when it is forwarded, and so that it does not outlive a visitor who
 * leaves meanwhile, which `node:http` does not tell a response that waits. Upgrade and CONNECT requests cannot be queued:
 * they would write into a response in progress.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { MAX_PENDING_RESPONSES, MAX_WAITING_HEAD_BYTES } from '../../request/limits.js';

// A property of the socket and a list, which nearly always holds one: a WeakMap and a Set cost ten times as much.
const PENDING = Symbol('pending responses');

type Tracked = Duplex & { [PENDING]?: ServerResponse[] };

/**
 * Adds a response to those that are pending on a connection; the caller calls `releaseResponse` when it is closed. False, and
 * nothing is added, when the connection has as many as it may have: it is to be closed.
 */
export function trackResponse(socket: Tracked, response: ServerResponse): boolean {
  const pending = socket[PENDING];
  if (pending === undefined) socket[PENDING] = [response];
  else {
    if (pending.length > 0 && !hasRoom(pending, response)) return false;
    pending.push(response);
  }
  return true;
}

// `node:http` keeps reading while responses wait, until one of them is written to: each holds its request.
function hasRoom(pending: readonly ServerResponse[], response: ServerResponse): boolean {
  if (pending.length >= MAX_PENDING_RESPONSES) return false;
  let bytes = headBytes(response);
  for (const other of pending) if (other.socket === null) bytes += headBytes(other);
  return bytes <= MAX_WAITING_HEAD_BYTES;
}

function headBytes({ req: { url, rawHeaders } }: ServerResponse): number {
  let bytes = url?.length ?? 0;
  for (const text of rawHeaders) bytes += text.length + 2; // a colon and a blank, or CR and LF
  return bytes;
}

/** Notes that a response has ended, whole or not. */
export function releaseResponse(socket: Tracked, response: ServerResponse): void {
  const pending = socket[PENDING];
  const at = pending?.indexOf(response) ?? -1;
  if (at !== -1) pending?.splice(at, 1);
}

/** Whether a response is under way on a connection, or waits for its turn there. */
export function hasPendingResponse(socket: Tracked): boolean {
  return (socket[PENDING]?.length ?? 0) > 0;
}

/** Calls back when a connection owes nothing: now, or once the last of its responses is closed. */
export function whenIdle(socket: Tracked, then: () => void): void {
  const last = socket[PENDING]?.at(-1);
  if (last === undefined) then();
  else last.once('close', then);
}

/** Calls back once the responses to all requests that have come whole are closed: now, when there are none. */
export function whenReceivedDone(socket: Tracked, then: () => void): void {
  const last = (socket[PENDING] ?? []).filter(({ req }) => req.complete).at(-1);
  if (last === undefined) then();
  else last.once('close', then);
}

/** Whether a response is in progress: bytes written now would become a part of its body. */
export function responseStarted(socket: Tracked): boolean {
  return (socket[PENDING] ?? []).some(({ headersSent }) => headersSent);
}

/** Gives nothing at once when all responses before this one have left, else once they have; never if their visitor leaves. */
export function whenItsTurn(response: ServerResponse): Promise<unknown> | undefined {
  return response.socket === null ? once(response, 'socket') : undefined;
}
