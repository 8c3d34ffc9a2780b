/**
 * The line of a request in the log: what `logLine` makes of its fields, in half the time. Every request makes one. Its fields are
 * known, so none has to be looked up, and nearly all are plain text, so that it is put together from few pieces: to join them
 * is most of the work.
 */
import type { RequestFields } from '../../core/log.js';
import { endOf, isPlain, jsonOfFields, jsonOfNumber, logLine } from './log-line.js';

const MESSAGE = 'request';
const END = endOf(MESSAGE);

/** The part of a line with host, address and method. The next request often has the same three, so the last one is kept. */
class CommonPart {
  #host = '';
  #address = '';
  #method = '';
  #text: string | undefined;

  /** Undefined when one of them is not plain text. */
  of(host: string, address: string, method: string): string | undefined {
    if (host === this.#host && address === this.#address && method === this.#method) return this.#text;
    this.#host = host;
    this.#address = address;
    this.#method = method;
    const arePlain = isPlain(host) && isPlain(address) && isPlain(method);
    this.#text = arePlain ? `","host":"${host}","address":"${address}","method":"${method}","path":"` : undefined;
    return this.#text;
  }
}

const commonPart = new CommonPart();

/** The line, with its end. `head` is the JSON of what precedes the fields, from the opening brace on. */
export function accessLine(head: string, fields: RequestFields): string {
  const { requestId, host, address, method, path, status, durationMs } = fields;
  const common = commonPart.of(host, address, method);
  if (common === undefined || !isPlain(requestId) || !isPlain(path)) return logLine(head, fields, MESSAGE);
  const numbers = `","status":${jsonOfNumber(status)}${outcomeOf(fields)},"durationMs":${jsonOfNumber(durationMs)}`;
  return `${head},"requestId":"${requestId}${common}${path}${numbers}${END}`;
}

/** What most requests have nothing of. */
function outcomeOf({ code, aborted, cutBy, accessToken, client, traceId }: RequestFields): string {
  if ((code ?? aborted ?? cutBy ?? accessToken ?? client ?? traceId) === undefined) return '';
  return jsonOfFields({ code, aborted, cutBy, accessToken, client, traceId });
}
