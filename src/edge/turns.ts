/**
 * The turns of answers on a connection. HTTP/1.1 answers leave in the order of their requests (RFC 9112 section 9.3.2):
 * a request that was sent behind an unanswered one waits, so that it is judged when it is carried, and so that it does
 * not outlive a visitor who leaves meanwhile, of which a waiting answer of `node:http` hears nothing. What is no
 * ordinary request cannot wait: it must not write into an answer that is under way.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

// A property of the socket: a WeakMap would be looked into, and its set written to, several times for each request.
const OWED = Symbol('owed answers');

type Owing = Duplex & { [OWED]?: Set<ServerResponse> };

/** Notes that a connection owes this answer. Whoever notes it calls `paid` when the answer is closed. */
export function oweAnswer(socket: Owing, response: ServerResponse): void {
  socket[OWED] ??= new Set();
  socket[OWED].add(response);
}

/** Notes that an answer has ended, whole or not. */
export function paid(socket: Owing, response: ServerResponse): void {
  socket[OWED]?.delete(response);
}

/** Whether an answer is under way on a connection, or waits for its turn there. */
export function owesAnswer(socket: Owing): boolean {
  return (socket[OWED]?.size ?? 0) > 0;
}

/** Whether the head of an answer has left whose end has not: whatever is written now becomes a part of its body. */
export function isAnswering(socket: Owing): boolean {
  return [...(socket[OWED] ?? [])].some(({ headersSent }) => headersSent);
}

/** Gives nothing at once when all answers before this one have left, else once they have; never if their visitor leaves. */
export function turnOf(response: ServerResponse): Promise<unknown> | undefined {
  return response.socket === null ? once(response, 'socket') : undefined;
}
