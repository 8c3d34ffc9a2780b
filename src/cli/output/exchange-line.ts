/** An exchange of the inspector as the line that a request has in the terminal of its agent. */
import { styleText } from 'node:util';
import type { Exchange } from '../../agent/inspector/wire.js';
import { fullLine, type Styler } from './request-line.js';

const PLAIN: Styler = (_style, text) => text;
const COLOURED: Styler = (style, text) => styleText(style, text, { validateStream: false });

/** In colours where standard output is a terminal that shows them. */
export function exchangeLine({
  startedAt,
  person,
  method,
  path,
  status,
  timing,
  state,
  requestId,
  failure,
}: Exchange): string {
  const isColoured = process.stdout.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
  const record = {
    time: new Date(startedAt),
    email: person ?? undefined,
    method,
    path,
    status: status ?? 0,
    durationMs: timing.totalMs ?? 0,
    aborted: state === 'aborted',
    requestId: requestId ?? undefined,
    ...(failure !== undefined && { failure }),
  };
  return fullLine(record, isColoured ? COLOURED : PLAIN);
}
