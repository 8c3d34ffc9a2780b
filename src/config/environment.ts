/**
 * The `POSTERN_*` variables of an environment and of a `.env` file. Every command knows the variables of all commands: any
 * other is mistyped.
 */
import { parseEnv } from 'node:util';
import { AGENT_OPTIONS } from './agent-options.js';
import { EDGE_OPTIONS } from './edge-options.js';
import { envNames } from './options.js';
import { isSecretVariable } from './provider-options.js';
import type { Entries, Entry, Sources, TextFile } from './sources.js';
import { suggestion } from './text.js';

const NAMES: ReadonlySet<string> = new Set([...envNames(EDGE_OPTIONS), ...envNames(AGENT_OPTIONS)]);

// Kubernetes sets such variables in every container for each service: one called "postern" sets
// POSTERN_PORT=tcp://10.0.0.1:8080 and more.
const SERVICE_LINK = /_(?:SERVICE_HOST|SERVICE_PORT(?:_[A-Z0-9_]+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_[A-Z]+)?)$/;

/** The `POSTERN_*` variables of an environment; an unknown one is a problem. */
export function readEnvironment(env: Sources['env'], problems: string[], place = ''): Entries {
  const entries = new Map<string, Entry>();
  for (const [name, text] of Object.entries(env)) {
    if (!(name.startsWith('POSTERN_') || NAMES.has(name)) || text === undefined || isServiceLink(name, text)) continue;
    if (NAMES.has(name) || isSecretVariable(name)) entries.set(name, { text, origin: `${name}${place}` });
    else problems.push(`${name}${place} is not an option of Postern${suggestEnv(name)}`);
  }
  return entries;
}

/** The `POSTERN_*` variables of a `.env` file. */
export function readDotenv(file: TextFile | undefined, problems: string[]): Entries {
  if (file === undefined) return new Map();
  const text = file.text.replace(/^\ufeff/, '');
  for (const [index, line] of text.split('\n').entries()) {
    // `parseEnv` skips lines that it cannot read; one with an option must not be lost silently.
    if (!/^\s*(?:export\s+)?(?:POSTERN|OTEL)_\w*\s*(?![\w\s=])/.test(line)) continue;
    problems.push(`${file.path}, line ${index + 1}: expected NAME=value.`);
  }
  return readEnvironment(parseDotenv(text), problems, ` in ${file.path}`);
}

// Node 20 puts a line without `=` in front of the next line's name: the name is what follows the line end.
function parseDotenv(text: string): Sources['env'] {
  const entries = Object.entries(parseEnv(text));
  return Object.fromEntries(entries.map(([name, value]) => [name.slice(name.lastIndexOf('\n') + 1).trim(), value]));
}

function isServiceLink(name: string, text: string): boolean {
  return SERVICE_LINK.test(name) || (name.endsWith('_PORT') && text.startsWith('tcp://'));
}

// Compared without the prefix, which would make every name look near.
function suggestEnv(name: string): string {
  const bare = (text: string) => text.slice('POSTERN_'.length);
  const ours = [...NAMES].filter((known) => known.startsWith('POSTERN_'));
  const near = suggestion(bare(name), ours.map(bare));
  return near === '' ? '.' : near.replace('"', '"POSTERN_');
}
