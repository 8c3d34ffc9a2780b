/** Exchanges of the inspector as the lines that requests have in the terminal of their agent. */
import { styleText } from 'node:util';
import type { Exchange, TunnelInfo } from '../../agent/inspector/wire.js';
import { STATUS_CLIENT_CLOSED } from '../../agent/target/request-record.js';
import { printable } from '../../config/text.js';
import { fitTo } from './fit.js';
import { fullLine, type Styler } from './request-line.js';

const PLAIN: Styler = (_style, text) => text;
const COLOURED: Styler = (style, text) => styleText(style, text, { validateStream: false });

const MAX_NAME_COLUMNS = 24;

/** Each begins with the name of its tunnel where there are several that run or have `exchanges`, and all of them are shown. */
export function exchangeLines(
  { tunnels, term }: { readonly tunnels: readonly Pick<TunnelInfo, 'name'>[]; readonly term: string },
  exchanges: readonly Exchange[] = [],
): (exchange: Exchange) => string {
  const names = new Set([...tunnels.map(({ name }) => name), ...exchanges.map(({ tunnel }) => tunnel)]);
  if (names.size <= 1 || term !== '') return exchangeLine;
  const columns = Math.min(MAX_NAME_COLUMNS, Math.max(...[...names].map((name) => name.length)));
  return (exchange) => `${fitTo(printable(exchange.tunnel), columns)}  ${exchangeLine(exchange)}`;
}

/** In colours where standard output is a terminal that shows them. */
function exchangeLine({
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
    status: status ?? (state === 'aborted' ? STATUS_CLIENT_CLOSED : 0),
    durationMs: timing.totalMs ?? 0,
    aborted: state === 'aborted',
    requestId: requestId ?? undefined,
    ...(failure !== undefined && { failure }),
  };
  return fullLine(record, isColoured ? COLOURED : PLAIN);
}
