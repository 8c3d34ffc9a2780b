/**
 * The developer's own file, `config.yaml`: the edge, the file that holds the token, and tunnels by name. The token
 * itself is not permitted in it: such files are shared and committed.
 */
import { TUNNEL_OPTIONS } from './agent-options.js';
import type { Entries, Entry, TextFile } from './sources.js';
import { quoted } from './text.js';
import { asYamlMap, readEntries, readYaml, type YamlMap } from './yaml-file.js';

/** The contents of the file, unchecked. */
export interface AgentFile {
  /** Options of the agent as a whole, by key. */
  readonly agent: Entries;
  /** Options of each tunnel, by key, the name among them. */
  readonly tunnels: ReadonlyMap<string, Entries>;
  /** It could not be parsed: its contents are unknown. */
  readonly isBroken: boolean;
}

const AGENT_KEYS: ReadonlySet<string> = new Set([
  'edge',
  'token_file',
  'notify',
  'inspect',
  'inspect_max_bytes',
  'inspect_body_bytes',
  'inspect_redact_headers',
  'tunnels',
]);
// Every option of a tunnel; its name is the key above them.
const TUNNEL_KEYS: ReadonlySet<string> = new Set(Object.keys(TUNNEL_OPTIONS).filter((key) => key !== 'name'));

/** Reads the file; without a file the result is empty. */
export function readAgentFile(file: TextFile | undefined, problems: string[]): AgentFile {
  if (file === undefined) return { agent: new Map(), tunnels: new Map(), isBroken: false };
  const { path } = file;
  const before = problems.length;
  const top = new Map(readYaml(file, problems));
  const isBroken = problems.length > before;
  const listed = asYamlMap(top.get('tunnels') ?? null, `tunnels in ${path}`, problems);
  top.delete('tunnels');
  return {
    agent: readEntries(top, AGENT_KEYS, { name: path, path }, problems),
    tunnels: readTunnels(listed, path, problems),
    isBroken,
  };
}

function readTunnels(listed: YamlMap, path: string, problems: string[]): Map<string, Entries> {
  const tunnels = new Map<string, Entries>();
  for (const [key, value] of listed) {
    const name = typeof key === 'string' ? key : JSON.stringify(key);
    const place = { name: `tunnel ${quoted(name)} in ${path}`, path };
    const entries = new Map<string, Entry>([['target', { text: '', origin: `target of ${place.name}` }]]);
    for (const entry of readEntries(asYamlMap(value, place.name, problems), TUNNEL_KEYS, place, problems)) {
      entries.set(...entry);
    }
    tunnels.set(name, entries.set('name', { text: name, origin: `tunnels in ${path}` }));
  }
  return tunnels;
}
