/**
 * The files in which a developer describes tunnels: the own one, `config.yaml`, with the edge, the file that holds the token, and
 * tunnels by name; and `postern.yaml` of a project's folder, with tunnels only: the author of a project must not choose who gets
 * the token or what is started here. The token itself is permitted in neither: such files are shared and committed.
 */
import { TUNNEL_OPTIONS } from './agent-options.js';
import type { Entries, Entry, TextFile } from './sources.js';
import { printable, quoted, suggestion } from './text.js';
import { asYamlMap, keyText, positionOf, readEntries, readYaml, withoutKeys, type YamlMap } from './yaml-file.js';

/** The contents of the file, unchecked. */
export interface AgentFile {
  /** Options of the agent as a whole, by key. */
  readonly agent: Entries;
  /** Options of each tunnel, by key, the name among them. */
  readonly tunnels: ReadonlyMap<string, Entries>;
  /** Names of tunnels, by that of their group. */
  readonly groups: ReadonlyMap<string, readonly string[]>;
  /** It could not be parsed: its contents are unknown. */
  readonly isBroken: boolean;
}

/** Whose file it is: the developer's own, or that of a folder, which another person may have written. */
export type FileKind = 'own' | 'project';

const AGENT_KEYS: ReadonlySet<string> = new Set([
  'edge',
  'token_file',
  'links',
  'notify',
  'inspect',
  'inspect_max_bytes',
  'inspect_body_bytes',
  'inspect_redact_headers',
  'tunnels',
  'groups',
]);
// Every option of a tunnel; its name is the key above them.
const TUNNEL_KEYS: ReadonlySet<string> = new Set(Object.keys(TUNNEL_OPTIONS).filter((key) => key !== 'name'));

/** What a key may also be called, since it holds several. */
const PLURALS: ReadonlyMap<string, string> = new Map([
  ['mounts', 'mount'],
  ['public_paths', 'public_path'],
]);

const MAPPED: ReadonlySet<string> = new Set(['mount']);

/** Reads the file; without a file the result is empty. */
export function readAgentFile(file: TextFile | undefined, problems: string[], kind: FileKind = 'own'): AgentFile {
  if (file === undefined) return { agent: new Map(), tunnels: new Map(), groups: new Map(), isBroken: false };
  const { path } = file;
  const before = problems.length;
  const top = readYaml(file, problems);
  const isBroken = problems.length > before;
  const map = (key: string) => asYamlMap(top.get(key) ?? null, `${key} in ${path}${positionOf(top, key)}`, problems);
  const tunnels = readTunnels(map('tunnels'), path, problems);
  const agent = readEntries(withoutKeys(top, 'tunnels', 'groups'), AGENT_KEYS, { name: path, path }, problems);
  if (kind === 'project')
    refuseOwn([...agent.values(), ...[...tunnels.values()].map((of) => of.get('on_knock'))], problems);
  return { agent, tunnels, groups: readGroups(map('groups'), tunnels, path, problems), isBroken };
}

function readTunnels(listed: YamlMap, path: string, problems: string[]): Map<string, Entries> {
  const tunnels = new Map<string, Entries>();
  for (const [key, value] of listed) {
    const name = keyText(key);
    const at = positionOf(listed, key);
    const place = { name: `tunnel ${quoted(name)} in ${path}`, path, plurals: PLURALS, mapped: MAPPED };
    const entries = new Map<string, Entry>([['target', { text: '', origin: `target of ${place.name}${at}` }]]);
    const given = asYamlMap(value, `${place.name}${at}`, problems);
    for (const entry of readEntries(given, TUNNEL_KEYS, place, problems)) entries.set(...entry);
    tunnels.set(name, entries.set('name', { text: name, origin: `tunnels in ${path}${at}` }));
  }
  return tunnels;
}

function readGroups(
  listed: YamlMap,
  tunnels: ReadonlyMap<string, unknown>,
  path: string,
  problems: string[],
): Map<string, readonly string[]> {
  const groups = new Map<string, readonly string[]>();
  for (const [key, value] of listed) {
    const name = keyText(key);
    const place = `group ${quoted(name)} in ${path}${positionOf(listed, key)}`;
    const members = (Array.isArray(value) ? value : String(value ?? '').split(',')).map((member) =>
      keyText(member).trim(),
    );
    if (value instanceof Map) problems.push(`${place}: expected a list of names of tunnels.`);
    else if (tunnels.has(name)) problems.push(`${place}: a tunnel has this name: expected another one.`);
    else
      for (const member of members)
        if (!tunnels.has(member))
          problems.push(
            `${place}: ${quoted(member)} is no tunnel of this file${suggestion(member, tunnels.keys()) || '.'}`,
          );
    groups.set(name, members);
  }
  return groups;
}

function refuseOwn(entries: readonly (Entry | undefined)[], problems: string[]): void {
  for (const entry of entries) {
    if (entry === undefined) continue;
    problems.push(
      `${printable(entry.origin)}: the file of a folder has tunnels and groups only: expected this in your own file, or name this one with --config.`,
    );
  }
}
