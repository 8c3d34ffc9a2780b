/**
 * The filter language of the inspector: `status:5xx method:POST path:/api -path:*.js "two words"`. All terms must hold; a comma
 * means "or" within one. Pure, without anything of Node: server and page work with the same parser.
 */
import { matchesPieces, readablePath } from './filter-paths.js';
import { type Problem, type Token, tokens } from './filter-tokens.js';
import type { Exchange } from './wire.js';

export type { Problem } from './filter-tokens.js';

/** One condition on an exchange. */
interface Term {
  readonly isNegated: boolean;
  holds(exchange: Exchange, content: Content | undefined): boolean;
}

/** Whether a word, in lower case, is in the headers or bodies of an exchange. */
export type Content = (word: string) => boolean;

export interface Filter {
  readonly terms: readonly Term[];
  /** It asks for words in headers and bodies, which only the server has. */
  readonly hasWords: boolean;
}

export type ParsedFilter = { readonly filter: Filter } | { readonly problem: Problem };

type Test = (exchange: Exchange) => boolean;
/** Reads one alternative of a value; undefined when it is none. */
type Reader = (value: string) => Test | undefined;

const STATES: Readonly<Record<string, Test>> = {
  websocket: ({ kind }) => kind === 'websocket',
  events: ({ kind }) => kind === 'events',
  replay: ({ replayOf }) => replayOf !== null,
  pinned: ({ pinned }) => pinned,
  failed: ({ state }) => state === 'failed' || state === 'aborted',
  open: ({ state }) => state === 'open',
};

const METHODS = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS)$/;

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1e3, m: 1e6, g: 1e9 };
const MS: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1e3, m: 60e3 };

interface Key {
  readonly read: Reader;
  readonly expected: string;
}

const KEYS: ReadonlyMap<string, Key> = new Map(
  Object.entries({
    status: { read: readStatus, expected: 'a status such as 404, or a class such as 5xx' },
    method: { read: (value) => same(value, ({ method }) => method), expected: 'a method such as POST' },
    path: { read: readPath, expected: 'a part of a path, or a pattern such as *.js' },
    person: { read: (value) => includes(value, ({ person }) => person), expected: 'a part of an email address' },
    rule: { read: (value) => includes(value, ({ rule }) => rule), expected: 'a part of an allow rule' },
    tunnel: { read: readTunnel, expected: 'the name of a tunnel, or a pattern such as shop-*' },
    type: { read: (value) => includes(value, shownType), expected: 'a part of a media type such as json' },
    is: { read: (value) => STATES[value.toLowerCase()], expected: Object.keys(STATES).join(', ') },
    'larger-than': { read: readSize, expected: 'a size such as 100, 1k or 2M' },
    'slower-than': { read: readDuration, expected: 'a time such as 200ms or 2s' },
  } satisfies Record<string, Key>),
);

/** The keys of the language, for help and completion, and what each expects. */
export const FILTER_KEYS: readonly { readonly key: string; readonly expected: string }[] = [...KEYS].map(
  ([key, { expected }]) => ({ key, expected }),
);

/** Reads a filter. The empty text is the filter that all exchanges pass. */
export function parseFilter(text: string): ParsedFilter {
  const read = tokens(text);
  if ('problem' in read) return read;
  const found = read.tokens.map(withKey);
  const terms: Term[] = [];
  for (const token of found) {
    const term = readTerm(token);
    if ('problem' in term) return term;
    terms.push(term);
  }
  return { filter: { terms, hasWords: found.some(({ key }) => key === undefined) } };
}

// `POST` stands for itself in a row, and as a word it would be found in every request: `Via: 1.1 postern`.
function withKey(token: Token): Token {
  return token.key === undefined && !token.isQuoted && METHODS.test(token.value) ? { ...token, key: 'method' } : token;
}

/**
 * Whether an exchange passes. A word is looked for in what its row shows, and in its headers and bodies where `content` is
 * given.
 */
export function matchesFilter({ terms }: Filter, exchange: Exchange, content?: Content): boolean {
  return terms.every((term) => term.holds(exchange, content) !== term.isNegated);
}

function readTerm({ key, value, isNegated, at }: Token): Term | { readonly problem: Problem } {
  if (key === undefined) {
    const word = value.toLowerCase();
    return { isNegated, holds: (exchange, content) => rowHas(exchange, word) || content?.(word) === true };
  }
  const known = KEYS.get(key);
  if (known === undefined) {
    const expected = [...KEYS.keys()].map((name) => `${name}:`).join(', ');
    const message = `“${key}:” is no key of a filter: expected ${expected}. Put text that holds a colon into quotes.`;
    return { problem: { code: 'unknown-key', message, at } };
  }
  const tests = value.split(',').map((one) => (one === '' ? undefined : known.read(one)));
  if (tests.some((test) => test === undefined)) {
    return { problem: { code: 'bad-value', message: `“${key}:” expects ${known.expected}.`, at } };
  }
  return { isNegated, holds: (exchange) => tests.some((test) => test?.(exchange)) };
}

function rowHas(exchange: Exchange, word: string): boolean {
  const { method, path, person, status, note, operation } = exchange;
  const texts = [
    method,
    path,
    readablePath(exchange),
    person,
    String(status ?? ''),
    shownType(exchange),
    note,
    operation,
  ];
  return texts.some((text) => text?.toLowerCase().includes(word) === true);
}

/** As a row shows it. */
function shownType({ kind, type }: Exchange): string | null {
  return kind === 'websocket' ? 'websocket' : type;
}

function either(one: Test, other: Test): Test {
  return (exchange) => one(exchange) || other(exchange);
}

function readStatus(value: string): Test | undefined {
  const group = /^([1-5])xx$/i.exec(value)?.[1];
  if (group !== undefined) return ({ status }) => status !== null && Math.floor(status / 100) === Number(group);
  return /^[1-9]\d\d$/.test(value) ? ({ status }) => status === Number(value) : undefined;
}

function readPath(value: string): Test {
  if (!value.includes('*'))
    return either(
      includes(value, ({ path }) => path),
      includes(value, readablePath),
    );
  const pieces = value.toLowerCase().split('*');
  const ofWhole = value.includes('?');
  const matches = (path: string) => matchesPieces(ofWhole ? path : (path.split('?', 1)[0] ?? ''), pieces);
  return either(
    ({ path }) => matches(path),
    (exchange) => matches(readablePath(exchange)),
  );
}

// The whole name: `shop` is not `shop-api`.
function readTunnel(value: string): Test {
  const pieces = value.toLowerCase().split('*');
  if (pieces.length === 1) return same(value, ({ tunnel }) => tunnel);
  return ({ tunnel }) => matchesPieces(tunnel, pieces);
}

function readSize(value: string): Test | undefined {
  const match = /^(\d{1,12}(?:\.\d{1,3})?)(k|m|g)?b?$/i.exec(value);
  if (match === null) return undefined;
  const bytes = Number(match[1]) * (UNITS[(match[2] ?? '').toLowerCase()] as number); // the pattern has only known units
  return ({ responseBytes }) => responseBytes > bytes;
}

function readDuration(value: string): Test | undefined {
  const match = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m)?$/i.exec(value);
  if (match === null) return undefined;
  const ms = Number(match[1]) * (MS[(match[2] ?? '').toLowerCase()] as number); // as above
  return ({ timing }) => timing.totalMs !== null && timing.totalMs > ms;
}

function same(value: string, of: (exchange: Exchange) => string): Test {
  const wanted = value.toLowerCase();
  return (exchange) => of(exchange).toLowerCase() === wanted;
}

function includes(value: string, of: (exchange: Exchange) => string | null): Test {
  const wanted = value.toLowerCase();
  return (exchange) => of(exchange)?.toLowerCase().includes(wanted) === true;
}
