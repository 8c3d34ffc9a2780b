/**
 * One request as a line for a person: every column whole where there is no terminal, or fitted to the width of one. Texts
 * of a record come from outside and are made printable before they are measured.
 */
import type { styleText } from 'node:util';
import type { RequestRecord } from '../../agent/target/request-record.js';
import { printable } from '../../config/text.js';
import { fitTo, truncateTo } from './fit.js';

export type Style = Parameters<typeof styleText>[0];

/** Gives a text a style, or leaves it as it is where there are no colours. */
export type Styler = (style: Style, text: string) => string;

// A path of this length still leaves a line readable; its beginning tells it apart.
const MAX_PATH_CHARS = 200;
const DURATION_COLUMNS = 7;
const METHOD_COLUMNS = 6;
const EMAIL_COLUMNS = 24;
/** Time, status, duration and method, with a space after each. */
const FIXED_COLUMNS = 8 + 1 + 3 + 1 + DURATION_COLUMNS + 1 + METHOD_COLUMNS + 1;
// Of what the fixed columns leave, a person's name is worth less than the path.
const EMAIL_SHARE = 0.4;
const MIN_EMAIL_COLUMNS = 8;

/** The line in full. */
export function fullLine(record: RequestRecord, style: Styler): string {
  const { time, email, method, path, status, durationMs, aborted, requestId } = record;
  const columns = [
    style('dim', formatTime(time)),
    style(statusStyle(status), String(status)),
    style('dim', formatDuration(durationMs).padStart(DURATION_COLUMNS)),
    printable(method).padEnd(METHOD_COLUMNS),
    printable(email ?? '-').padEnd(EMAIL_COLUMNS),
    printable(path.length > MAX_PATH_CHARS ? `${path.slice(0, MAX_PATH_CHARS)}…` : path),
  ];
  if (requestId !== undefined) columns.push(printable(requestId));
  if (aborted) columns.push(style('yellow', 'broken off'));
  return columns.join('  ');
}

/** The line in the columns of a terminal. */
export function fittedLine(record: RequestRecord, columns: number, style: Styler): string {
  const { time, email, method, path, status, durationMs, aborted } = record;
  const start = [
    style('dim', formatTime(time)),
    style(statusStyle(status), String(status)),
    style('dim', formatDuration(durationMs).padStart(DURATION_COLUMNS)),
    fitTo(printable(method), METHOD_COLUMNS),
  ];
  let left = columns - FIXED_COLUMNS;
  const forEmail = Math.min(EMAIL_COLUMNS, Math.floor(left * EMAIL_SHARE));
  if (forEmail >= MIN_EMAIL_COLUMNS) {
    start.push(fitTo(printable(email ?? '-'), forEmail));
    left -= forEmail + 1;
  }
  const mark = aborted ? 'broken off ' : '';
  // However long the path is, no more of it is measured than fits.
  const shown = truncateTo(printable(path.slice(0, columns + 1)), Math.max(1, left - mark.length));
  return `${start.join(' ')} ${mark && style('yellow', mark)}${shown}`;
}

function formatTime(time: Date): string {
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

/** A duration in seven characters, up to four months. */
export function formatDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  return ms < 999_900 ? `${(ms / 1_000).toFixed(1)} s` : `${(ms / 3_600_000).toFixed(1)} h`;
}

function statusStyle(status: number): Style {
  if (status >= 500) return 'red';
  if (status >= 400) return 'yellow';
  return status >= 300 ? 'cyan' : 'green';
}
