/**
 * The line of a request in the log: what `logLine` makes of its fields, in half the time. Every request makes one. Its fields are
 * known, so none has to be looked up, and nearly all are plain text, so that it is put together from few pieces: to join them
 * is most of the work.
 */
import type { RequestFields } from '../../core/log.js';
import { endOf, isPlain, jsonOfFields, jsonOfNumber, logLine } from './log-line.js';

const MESSAGE = 'request';
const END = endOf(MESSAGE);

/** The line, with its end. `head` is the JSON of what precedes the fields, from the opening brace on. */
export function accessLine(head: string, fields: RequestFields): string {
  const { requestId, host, address, method, path, status, durationMs } = fields;
  if (!(isPlain(requestId) && isPlain(host) && isPlain(address) && isPlain(method) && isPlain(path)))
    return logLine(head, fields, MESSAGE);
  const who = `,"requestId":"${requestId}","host":"${host}","address":"${address}"`;
  const what = `,"method":"${method}","path":"${path}","status":${jsonOfNumber(status)}`;
  return `${head}${who}${what}${outcomeOf(fields)},"durationMs":${jsonOfNumber(durationMs)}${END}`;
}

/** What most requests have nothing of. */
function outcomeOf({ code, aborted, cutBy, accessToken, client, traceId }: RequestFields): string {
  if ((code ?? aborted ?? cutBy ?? accessToken ?? client ?? traceId) === undefined) return '';
  return jsonOfFields({ code, aborted, cutBy, accessToken, client, traceId });
}
