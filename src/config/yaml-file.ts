/** YAML files as mappings of text. An unknown key is a problem, and so is a value that is not text. */
import { createRequire } from 'node:module';
import { dirname, isAbsolute, join } from 'node:path';
import type { Document } from 'yaml';
import type { Entries, Entry, TextFile } from './sources.js';
import { printable, suggestion } from './text.js';

/** A mapping of a YAML file: texts, lists and mappings by key. Every scalar is text, `yes` and `1` too. */
export type YamlMap = ReadonlyMap<unknown, unknown>;

/** The top-level mapping of a YAML file; empty for an empty file. */
export function readYaml(file: TextFile | undefined, problems: string[]): YamlMap {
  if (file === undefined) return new Map();
  // Loaded only when there is a file: most agents have none.
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
    return undefined; // aliases that expand without bound
  }
}

/** A value that must be a mapping; `origin` names it in the problem. */
export function asYamlMap(value: unknown, origin: string, problems: string[]): YamlMap {
  if (value === null || value === '') return new Map();
  if (value instanceof Map) return value;
  problems.push(`${origin}: expected a mapping of keys to values.`);
  return new Map();
}

/** The options of a mapping, by key. Keys other than `known`, and values that are not text, are problems. */
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
