/**
 * The turns of answers on a connection. HTTP/1.1 answers leave in the order of their requests (RFC 9112 section 9.3.2):
 * a request that was sent behind an unanswered one waits, so that it is judged when it is carried, and so that it does
 * not outlive a visitor who leaves meanwhile, of which a waiting answer of `node:http` hears nothing. What is no
 * ordinary request cannot wait: it must not write into an answer that is under way.
 */
import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';

const owed = new WeakMap<Duplex, Set<ServerResponse>>();

/** Notes that a connection owes this answer, until it has ended. */
export function oweAnswer(socket: Duplex, response: ServerResponse): void {
  const answers = owed.get(socket) ?? new Set();
  owed.set(socket, answers.add(response));
  response.once('close', () => answers.delete(response));
}

/** Whether an answer is under way on a connection, or waits for its turn there. */
export function owesAnswer(socket: Duplex): boolean {
  return (owed.get(socket)?.size ?? 0) > 0;
}

/** Whether the head of an answer has left whose end has not: whatever is written now becomes a part of its body. */
export function isAnswering(socket: Duplex): boolean {
  return [...(owed.get(socket) ?? [])].some(({ headersSent }) => headersSent);
}

/** Resolves once all answers before this one have left; never when their visitor leaves first. */
export async function turnOf(response: ServerResponse): Promise<void> {
  if (response.socket === null) await once(response, 'socket');
}
