/**
 * Reads a table of options from its sources: flag beats environment beats `.env` beats file beats default. Nothing
 * throws here; problems are collected, so that all are reported at once.
 */
import { ConfigError } from './config-error.js';
import { fileKeyOf, flagOf, type Option, type OptionTable, settableBy, type ValuesOf } from './options.js';
import type { Entries, Entry, Sources } from './sources.js';
import { quoted } from './text.js';

/** The sources of a table, once the files among them have been read. */
export interface Layers {
  readonly flags: Sources['flags'];
  /** By variable, the strongest first. */
  readonly environments: readonly Entries[];
  /** By key. */
  readonly file: Entries;
  /** The file could not be parsed: it may set what no other source sets. */
  readonly isFileBroken?: boolean;
  readonly readSecretFile: Sources['readSecretFile'];
}

// What one source has for one option: the value, or the path of the file that holds it.
interface Candidates {
  readonly plain: Entry | undefined;
  readonly path: Entry | undefined;
}

/** Reads every option of a table. One with a problem is undefined in the result. */
export function readOptions<Table extends OptionTable>(
  table: Table,
  layers: Layers,
  problems: string[],
): Partial<ValuesOf<Table>> {
  const values: Record<string, unknown> = {};
  for (const [key, option] of Object.entries(table)) {
    const entry = findEntry(key, option, layers, problems);
    if (entry !== undefined) values[key] = readValue(option, entry, problems);
  }
  return values as Partial<ValuesOf<Table>>; // each value came from the schema of its own row
}

/** Checks one text against its row; undefined after a problem. */
export function readValue(option: Option, { text, origin }: Entry, problems: string[]): unknown {
  if (text.trim() === '') {
    problems.push(`${origin} is empty: ${option.required ?? 'expected a value; leave it out to have none'}.`);
    return undefined;
  }
  const { value, problems: found } = option.schema.read(text.trim());
  for (const problem of new Set(found)) problems.push(`${origin}: ${problem}.`);
  return found.length === 0 ? value : undefined;
}

/** Whether any source has something for an option. */
export function isSet(key: string, option: Option, layers: Layers): boolean {
  return candidatesFor(key, option, layers).some(({ plain, path }) => plain !== undefined || path !== undefined);
}

function findEntry(key: string, option: Option, layers: Layers, problems: string[]): Entry | undefined {
  for (const { plain, path } of candidatesFor(key, option, layers)) {
    if (plain !== undefined && path !== undefined) {
      problems.push(`${plain.origin} and ${path.origin} are both set: expected one of them.`);
      return undefined;
    }
    if (plain !== undefined) return plain;
    if (path !== undefined) return readSecret(path, layers, problems);
  }
  if (option.default !== undefined) return { text: option.default, origin: settableBy(key, option) };
  if (option.required !== undefined && !layers.isFileBroken)
    problems.push(`${settableBy(key, option)} is not set: ${option.required}.`);
  return undefined;
}

function candidatesFor(key: string, option: Option, { flags, environments, file }: Layers): Candidates[] {
  const flagText = flags[fileKeyOf(key, option)];
  const flag = flagText === undefined ? undefined : { text: flagText, origin: flagOf(key, option) };
  const { env = '', secret } = option;
  if (!secret) {
    const plain = [flag, ...environments.map((entries) => entries.get(env)), file.get(key)];
    return plain.map((entry) => ({ plain: entry, path: undefined }));
  }
  return [
    { plain: undefined, path: flag },
    ...environments.map((entries) => ({ plain: entries.get(env), path: entries.get(`${env}_FILE`) })),
    { plain: file.get(key), path: file.get(fileKeyOf(key, option)) },
  ];
}

function readSecret({ text, origin }: Entry, { readSecretFile }: Layers, problems: string[]): Entry | undefined {
  const path = text.trim();
  try {
    if (path === '' || readSecretFile === undefined) throw new RangeError('there is no file to read');
    return { text: readSecretFile(path), origin: `${origin} (${quoted(path)})` };
  } catch (error) {
    if (error instanceof ConfigError) {
      problems.push(...error.problems.map((problem) => `${origin}: ${quoted(path)} ${problem}`));
      return undefined;
    }
    const reason = error instanceof Error && 'code' in error ? ` (${error.code})` : '';
    problems.push(`${origin}: ${quoted(path)} cannot be read${reason}: expected the path of a file that holds it.`);
    return undefined;
  }
}
