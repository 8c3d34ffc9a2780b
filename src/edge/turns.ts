/**
 * The turns of answers on a connection. HTTP/1.1 answers leave in the order of their requests (RFC 9112 section 9.3.2):
 * a request that was sent behind an unanswered one waits, so that it is judged when it is carried, and so that it does
 * not outlive a visitor who leaves meanwhile, of which a waiting answer of `node:http` hears nothing. What is no
 * ordinary request cannot wait: it must not write into an answer that is under way.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

// A property of the socket and a list, which nearly always holds one: a WeakMap and a Set cost ten times as much.
const OWED = Symbol('owed answers');

type Owing = Duplex & { [OWED]?: ServerResponse[] };

/** Notes that a connection owes this answer. Whoever notes it calls `paid` when the answer is closed. */
export function oweAnswer(socket: Owing, response: ServerResponse): void {
  const owed = socket[OWED];
  if (owed === undefined) socket[OWED] = [response];
  else owed.push(response);
}

/** Notes that an answer has ended, whole or not. */
export function paid(socket: Owing, response: ServerResponse): void {
  const owed = socket[OWED];
  const at = owed?.indexOf(response) ?? -1;
  if (at !== -1) owed?.splice(at, 1);
}

/** Whether an answer is under way on a connection, or waits for its turn there. */
export function owesAnswer(socket: Owing): boolean {
  return (socket[OWED]?.length ?? 0) > 0;
}

/** Whether the head of an answer has left whose end has not: whatever is written now becomes a part of its body. */
export function isAnswering(socket: Owing): boolean {
  return (socket[OWED] ?? []).some(({ headersSent }) => headersSent);
}

/** Gives nothing at once when all answers before this one have left, else once they have; never if their visitor leaves. */
export function turnOf(response: ServerResponse): Promise<unknown> | undefined {
  return response.socket === null ? once(response, 'socket') : undefined;
}
