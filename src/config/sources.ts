/**
 * Where options come from, as text: flags, the environment, a `.env` file and a YAML file. What is read here keeps the
 * name of the place where it stood, for the sentences about it. A name that no option has is a problem.
 */
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import { parseEnv } from 'node:util';
import type { Document } from 'yaml';
import { printable, suggestion } from './text.js';

export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/** Everything that options are read from. Nothing is fetched from the system here. */
export interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** By the option's key; a list is joined with commas; the file of a secret is under `<key>_file`. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  /** A `.env` file, which the environment beats. */
  readonly dotenv?: TextFile;
  /** A YAML file, which both beat. */
  readonly file?: TextFile;
  /**
   * Reads the file that holds a secret; throws when it cannot, a `ConfigError` whose problems end a sentence about the
   * file when it may not. Without it no `_FILE` option works.
   */
  readonly readSecretFile?: (path: string) => string;
}

/** The text of an option, and what to call the place where it stands. */
export interface Entry {
  readonly text: string;
  readonly origin: string;
}

export type Entries = ReadonlyMap<string, Entry>;

/** A mapping of a YAML file: texts, lists and mappings by key. Every scalar is text, `yes` and `1` too. */
export type YamlMap = ReadonlyMap<unknown, unknown>;

// A cluster announces each of its services to every container by such names; one that is called "postern" gives
// POSTERN_PORT=tcp://10.0.0.1:8080 and more, which nobody wrote for us.
const SERVICE_LINK = /_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_[A-Z]+)?)$/;

/** The `POSTERN_*` variables of an environment; one that is not in `known` is a problem. */
export function readEnvironment(
  env: Sources['env'],
  known: ReadonlySet<string>,
  problems: string[],
  place = '',
): Entries {
  const entries = new Map<string, Entry>();
  for (const [name, text] of Object.entries(env)) {
    if (!name.startsWith('POSTERN_') || text === undefined || isServiceLink(name, text)) continue;
    if (known.has(name)) entries.set(name, { text, origin: `${name}${place}` });
    else problems.push(`${name}${place} is not an option of Postern${suggestEnv(name, known)}`);
  }
  return entries;
}

/** The `POSTERN_*` variables of a `.env` file. */
export function readDotenv(file: TextFile | undefined, known: ReadonlySet<string>, problems: string[]): Entries {
  if (file === undefined) return new Map();
  const text = file.text.replace(/^\ufeff/, '');
  for (const [index, line] of text.split('\n').entries()) {
    // `parseEnv` passes over what it cannot read; a line of ours must not be lost in silence.
    if (!/^\s*(?:export\s+)?POSTERN_\w*\s*(?![\w\s=])/.test(line)) continue;
    problems.push(`${file.path}, line ${index + 1}: expected NAME=value.`);
  }
  return readEnvironment(parseDotenv(text), known, problems, ` in ${file.path}`);
}

// A line without `=` ends up in front of the next line's name (Node 20): only what follows it is the name.
function parseDotenv(text: string): Sources['env'] {
  const entries = Object.entries(parseEnv(text));
  return Object.fromEntries(entries.map(([name, value]) => [name.slice(name.lastIndexOf('\n') + 1).trim(), value]));
}

/** The top-level mapping of a YAML file; an empty file is an empty one. */
export function readYaml(file: TextFile | undefined, problems: string[]): YamlMap {
  if (file === undefined) return new Map();
  // Loaded when there is a file: most agents have none, and would start later by what it takes to load it.
  const { parseDocument } = createRequire(import.meta.url)('yaml') as typeof import('yaml');
  const document = parseDocument(file.text, { schema: 'failsafe', prettyErrors: false, logLevel: 'silent' });
  for (const error of document.errors) {
    const line = file.text.slice(0, error.pos[0]).split('\n').length;
    problems.push(`${file.path}, line ${line}: expected YAML, but ${lowerFirst(error.message)}.`);
  }
  if (document.errors.length > 0) return new Map();
  return asYamlMap(toPlain(document), file.path, problems);
}

function toPlain(document: Document): unknown {
  try {
    return document.toJS({ mapAsMap: true });
  } catch {
    return undefined; // aliases that grow without bound: not a mapping that anybody wrote for us
  }
}

/** A value that must be a mapping; `origin` names it. */
export function asYamlMap(value: unknown, origin: string, problems: string[]): YamlMap {
  if (value === null || value === '') return new Map();
  if (value instanceof Map) return value;
  problems.push(`${origin}: expected a mapping of keys to values.`);
  return new Map();
}

/** The options of a mapping, by key. Keys other than `known`, and values that are no text, are problems. */
export function readEntries(
  map: YamlMap,
  known: ReadonlySet<string>,
  place: { readonly name: string; readonly path: string },
  problems: string[],
): Entries {
  const entries = new Map<string, Entry>();
  for (const [key, value] of map) {
    const name = typeof key === 'string' ? key : JSON.stringify(key);
    const text = textOf(value);
    const origin = `${printable(name)} in ${place.name}`;
    if (!known.has(name)) problems.push(`${origin} is not an option of Postern${suggestion(name, known) || '.'}`);
    else if (text === undefined) problems.push(`${origin}: expected one value or a list of values.`);
    else entries.set(name, { text: isPath(name) ? resolveBesideFile(text, place.path) : text, origin });
  }
  return entries;
}

function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  const isList = Array.isArray(value) && value.every((item) => typeof item === 'string');
  return isList ? value.join(',') : undefined;
}

function isPath(name: string): boolean {
  return name.endsWith('_file') || name === 'target_ca';
}

// A path in a file is meant from where the file is, wherever the program was started.
function resolveBesideFile(path: string, file: string): string {
  return path === '' || isAbsolute(path) || path.startsWith('~/') ? path : join(dirname(file), path);
}

function isServiceLink(name: string, text: string): boolean {
  return SERVICE_LINK.test(name) || (name.endsWith('_PORT') && text.startsWith('tcp://'));
}

// Compared without the prefix, which would make every name look near.
function suggestEnv(name: string, known: ReadonlySet<string>): string {
  const bare = (text: string) => text.slice('POSTERN_'.length);
  const near = suggestion(bare(name), [...known].map(bare));
  return near === '' ? '.' : near.replace('"', '"POSTERN_');
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1).replace(/\.$/, '');
}
