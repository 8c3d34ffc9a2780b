/** YAML files as mappings of text. An unknown key is a problem, and so is a value that is not text. */
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Document, LineCounter, YAMLMap } from 'yaml';
import type { Entries, Entry, TextFile } from './sources.js';
import { printable, suggestion } from './text.js';

/** A mapping of a YAML file: texts, lists and mappings by key. Every scalar is text, `yes` and `1` too. */
export type YamlMap = ReadonlyMap<unknown, unknown>;

/** Where the keys of each mapping are: `:4:3` for line and column. */
const positions = new WeakMap<YamlMap, ReadonlyMap<unknown, string>>();

/** The top-level mapping of a YAML file; empty for an empty file. */
export function readYaml(file: TextFile | undefined, problems: string[]): YamlMap {
  if (file === undefined) return new Map();
  // Loaded only when there is a file: most agents have none.
  const { parseDocument, LineCounter } = createRequire(import.meta.url)('yaml') as typeof import('yaml');
  const lineCounter = new LineCounter();
  const options = { schema: 'failsafe', prettyErrors: false, logLevel: 'silent', lineCounter } as const;
  const document = parseDocument(file.text, options);
  for (const error of document.errors) {
    const at = positionText(lineCounter, error.pos[0]);
    problems.push(`${file.path}${at}: expected YAML, but ${lowerFirst(error.message)}.`);
  }
  if (document.errors.length > 0) return new Map();
  const plain = toPlain(document);
  notePositions(document.contents, plain, lineCounter);
  return asYamlMap(plain, file.path, problems);
}

function toPlain(document: Document): unknown {
  try {
    return document.toJS({ mapAsMap: true });
  } catch {
    return undefined; // aliases that expand without bound
  }
}

// What an alias stands for has the positions of its anchor.
function notePositions(node: unknown, plain: unknown, lines: LineCounter): void {
  const { items } = (node ?? {}) as { readonly items?: readonly { key?: Positioned; value?: unknown }[] };
  if (!(plain instanceof Map) || items === undefined || positions.has(plain)) return;
  const keys = [...plain.keys()];
  const noted = new Map<unknown, string>();
  positions.set(plain, noted);
  for (const [at, { key, value }] of items.entries()) {
    noted.set(keys[at], positionText(lines, key?.range?.[0]));
    notePositions(value, plain.get(keys[at]), lines);
  }
}

interface Positioned {
  readonly range?: readonly number[] | null;
}

function positionText(lines: LineCounter, offset: number | undefined): string {
  if (offset === undefined) return '';
  const { line, col } = lines.linePos(offset);
  return `:${line}:${col}`;
}

/** Where a key of a mapping is, to follow the path of its file: `:4:3`. */
export function positionOf(map: YamlMap, key: unknown): string {
  return positions.get(map)?.get(key) ?? '';
}

/** The mapping without some of its keys. */
export function withoutKeys(map: YamlMap, ...keys: readonly string[]): YamlMap {
  const rest = new Map([...map].filter(([key]) => !keys.includes(key as string)));
  positions.set(rest, positions.get(map) ?? new Map());
  return rest;
}

/** A value that must be a mapping; `origin` names it in the problem. */
export function asYamlMap(value: unknown, origin: string, problems: string[]): YamlMap {
  if (value === null || value === '') return new Map();
  if (value instanceof Map) return value;
  problems.push(`${origin}: expected a mapping of keys to values.`);
  return new Map();
}

export interface EntriesPlace {
  /** How sentences call it; ends with the path. */
  readonly name: string;
  readonly path: string;
  /** What keys may also be called, by that name. */
  readonly plurals?: ReadonlyMap<string, string>;
  /** Keys whose value may be a mapping, too. */
  readonly mapped?: ReadonlySet<string>;
}

/** The options of a mapping, by key. Keys other than `known`, and values that are not text, are problems. */
export function readEntries(
  map: YamlMap,
  known: ReadonlySet<string>,
  place: EntriesPlace,
  problems: string[],
): Entries {
  const entries = new Map<string, Entry>();
  const { plurals = new Map<string, string>() } = place;
  for (const [key, value] of map) {
    const written = keyText(key);
    const name = plurals.get(written) ?? written;
    const text = textOf(value, place.mapped?.has(name) === true);
    const origin = `${printable(written)} in ${place.name}${positionOf(map, key)}`;
    if (!known.has(name))
      problems.push(`${origin} is not an option of Postern${suggestion(name, [...known, ...plurals.keys()]) || '.'}`);
    else if (entries.has(name)) problems.push(`${origin} and ${entries.get(name)?.origin} are the same: expected one.`);
    else if (text === undefined) problems.push(`${origin}: expected one value or a list of values.`);
    else entries.set(name, { text: isPath(name) ? resolveBesideFile(text, place.path) : text, origin });
  }
  return entries;
}

/** A key as text. */
export function keyText(key: unknown): string {
  return typeof key === 'string' ? key : JSON.stringify(key);
}

// A list is separated by commas, and so are the pairs of a mapping, such as `/api=8080`.
function textOf(value: unknown, isMapped: boolean): string | undefined {
  if (typeof value === 'string') return value;
  const items = isMapped && value instanceof Map ? [...value].map(pairText) : value;
  const isList = Array.isArray(items) && items.every((item) => typeof item === 'string');
  return isList ? items.join(',') : undefined;
}

function pairText([key, value]: readonly [unknown, unknown]): string | undefined {
  return typeof key === 'string' && typeof value === 'string' ? `${key}=${value}` : undefined;
}

const PATHS: ReadonlySet<string> = new Set(['target_ca', 'state_dir', 'tls_cert', 'tls_key', 'acme_dns_key']);

function isPath(name: string): boolean {
  return name.endsWith('_file') || PATHS.has(name);
}

// A path in a file is relative to the file, regardless of the working directory.
function resolveBesideFile(path: string, file: string): string {
  return path === '' || isAbsolute(path) || path.startsWith('~/') ? path : join(dirname(file), path);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, '');
}

/**
 * The text of a YAML file with more entries below a key of its top, comments and all else as they were. What is there already stays.
 * The file must be one that `readYaml` takes.
 */
export function addToYaml(text: string, key: string, entries: ReadonlyMap<string, unknown>): string {
  const { Document, isMap, parseDocument } = createRequire(import.meta.url)('yaml') as typeof import('yaml');
  const options = { schema: 'failsafe', logLevel: 'silent' } as const;
  const document = parseDocument(text, options);
  const added = [...entries].filter(([name]) => !document.hasIn([key, name]));
  if (added.length === 0) return text;
  const map = document.get(key);
  for (const [name, value] of added) document.setIn([key, name], document.createNode(value));
  const place = isMap(map) ? endOfBlock(text, map) : undefined;
  if (place !== undefined) {
    // Written as text: the whole document would come out in another style, of brackets for instance.
    const lines = new Document(Object.fromEntries(added), options).toString({ lineWidth: 0 });
    const after = `${place.before}${lines.replace(/^(?=.)/gm, place.indent)}${place.behind}`;
    if (isDeepStrictEqual(parseDocument(after, options).toJS(), document.toJS())) return after;
  }
  return document.toString({ lineWidth: 0 });
}

/** What is before the line that follows a block mapping, what is behind, and the indentation; undefined for one in braces. */
function endOfBlock(text: string, { flow, range, items }: YAMLMap): Place | undefined {
  const [first] = items as { readonly key: { readonly range?: readonly number[] | null } }[];
  const start = first?.key.range?.[0];
  if (flow || start === undefined || !range) return undefined;
  const indent = text.slice(text.lastIndexOf('\n', start - 1) + 1, start);
  if (!/^ +$/.test(indent)) return undefined;
  const newline = text.indexOf('\n', range[1] - 1);
  return newline < 0
    ? { before: `${text}\n`, behind: '', indent }
    : { before: text.slice(0, newline + 1), behind: text.slice(newline + 1), indent };
}

interface Place {
  readonly before: string;
  readonly behind: string;
  readonly indent: string;
}
