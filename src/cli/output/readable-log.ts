/**
 * The edge's log for a person at a terminal: one line for each record, time first, fitted to its width, and at the start what
 * to do next. It renders the JSON lines of the log, so a terminal shows nothing that is not in a log, and nothing less clean.
 */
import { styleText } from 'node:util';
import { addressText } from '../../config/addresses.js';
import type { EdgeConfig } from '../../config/edge-config.js';
import { callbackPath } from '../../config/provider-config.js';
import { printable } from '../../config/text.js';
import { truncateTo } from './fit.js';

export interface ReadableOptions {
  /** Whether colours may be written. */
  readonly coloured: boolean;
  /** The width of the terminal, read for each line. */
  readonly columns: () => number;
}

type Style = Parameters<typeof styleText>[0];
type Fields = Readonly<Record<string, unknown>>;

const LEVEL_STYLES: Readonly<Record<string, Style>> = { warn: 'yellow', error: 'red', debug: 'dim' };

// Fields of a request that are shown without their names.
const BARE = ['status', 'method', 'host', 'path'];

/** The text of a log line, with its line end. A line that is not a record is returned unchanged. */
export function readableLine(line: string, { coloured, columns }: ReadableOptions): string {
  const { level, time, msg, stream, ...fields } = read(line);
  if (typeof level !== 'string') return line;
  const word = stream === 'audit' ? 'audit' : level;
  const style = (name: Style, text: string) => (coloured ? styleText(name, text, { validateStream: false }) : text);
  const start = `${formatTime(String(time))} ${word.padEnd(5)} `;
  const rest = [String(msg), ...describe(fields)].map(printable).join(' ');
  // Warnings and errors are shown in full; for the rest a line is enough.
  const isCut = level === 'info' || level === 'debug';
  const text = isCut ? truncateTo(rest, Math.max(1, columns() - start.length)) : rest;
  const levelStyle = LEVEL_STYLES[level];
  return `${style('dim', start)}${levelStyle === undefined ? text : style(levelStyle, text)}\n`;
}

/** What an operator needs next, once the edge is up. */
export function edgeBlock(
  { base, providers, tls, adminListen, agents }: EdgeConfig,
  { addresses, adminPort }: Listening,
): string {
  const frontNote = base.scheme === 'https' && tls === undefined ? ', behind what ends TLS for it' : '';
  const admin = `http://${addressText({ ...adminListen, port: adminPort })}`;
  const rows = [
    ['listens on', `${addresses.join(', ')}${frontNote}`],
    ['health', `${admin}/healthz`],
    ['metrics', `${admin}/metrics`],
    ...providers.flatMap(({ id, issuer }) => [
      ['sign-in by', issuer],
      ['redirect URI', base.origin + callbackPath(id)],
    ]),
  ];
  const lines = rows.map(([name = '', text = '']) => `  ${name.padEnd(13)} ${printable(text)}`);
  return `\n  ${base.origin}\n\n${lines.join('\n')}\n\n${agents === undefined ? WITH_TOKENS : withSignIn(base.origin)}\n`;
}

// Each command fits a narrow terminal, so that it can be selected as one line.
const WITH_TOKENS = `  Register the redirect URI at its provider, one for all
  tunnels. Then a token for each developer:
    postern token create --owner EMAIL --tunnels demo --out FILE
  and on the laptop, beside what listens on port 5173:
    postern http 5173 --edge URL --token-file FILE
`;

function withSignIn(origin: string): string {
  return `  Register the redirect URI at its provider, one for all
  tunnels. Then on each laptop, once, and beside what
  listens on port 5173:
    postern login ${origin}
    postern http 5173
`;
}

interface Listening {
  readonly addresses: readonly string[];
  readonly adminPort: number;
}

function read(line: string): Fields {
  try {
    const record: unknown = JSON.parse(line);
    return typeof record === 'object' && record !== null ? (record as Fields) : {};
  } catch {
    return {}; // not a line of this log
  }
}

function describe(fields: Fields): string[] {
  const bare = BARE.filter((name) => fields[name] !== undefined).map((name) => String(fields[name]));
  const named = Object.entries(fields).filter(([name, value]) => !BARE.includes(name) && value !== undefined);
  return [...bare, ...named.map(([name, value]) => `${name}=${textOf(value)}`)];
}

// Of an error only its message: the stack is in the JSON.
function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  const { message } = value as { message?: unknown };
  return typeof message === 'string' ? message : JSON.stringify(value);
}

function formatTime(time: string): string {
  return new Date(time).toTimeString().slice(0, 8);
}
