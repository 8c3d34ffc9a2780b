/**
 * The configuration of an agent that serves several tunnels: those of `postern.yaml` in the folder where it starts, else those of the
 * developer's own file; by name, those of either.
 */
import { type AgentConfig, type AgentValues, readCommon, toAgentConfig } from './agent-config.js';
import { type AgentFile, readAgentFile } from './agent-file.js';
import { TUNNEL_OPTIONS } from './agent-options.js';
import { type Layers, readOptions } from './resolve.js';
import type { Entries, Sources, TextFile } from './sources.js';
import { quoted, suggestion } from './text.js';

/** One of several tunnels. */
export interface TunnelConfig extends AgentConfig {
  readonly name: string;
}

export interface TunnelsSources extends Omit<Sources, 'dotenv'> {
  /** `postern.yaml` of the folder. */
  readonly project?: TextFile;
}

/**
 * Reads the tunnels and groups of these names, all of the nearer file where there is none. Throws `ConfigError` with every problem of
 * both files: a mistake is reported before its tunnel is needed.
 */
export function loadTunnelsConfig(sources: TunnelsSources, names: readonly string[]): readonly TunnelConfig[] {
  const problems: string[] = [];
  const own = readAgentFile(sources.file, problems);
  const project = readAgentFile(sources.project, problems, 'project');
  const isFileBroken = own.isBroken || project.isBroken;
  const { layers, common, check } = readCommon(sources, { ...own, isBroken: isFileBroken }, problems);
  const files = [project, own].filter(({ tunnels }) => tunnels.size > 0);
  const chosen = isFileBroken ? new Map<string, Entries>() : choose(files, names, problems);
  const read = (entries: Entries) => readOptions(TUNNEL_OPTIONS, { ...layers, flags: {}, file: entries }, problems);
  const tunnels = [...chosen.values()].map((entries) => ({ ...common, ...read(entries) }));
  checkOthers(files, chosen, layers, problems);
  check();
  return tunnels.map((values) => toAgentConfig(values as AgentValues) as TunnelConfig); // without problems nothing is missing
}

/** Looks at the files alone, whatever edge and token there are. Returns their tunnels by the path of each. */
export function checkTunnelFiles(
  { file, project }: TunnelsSources,
  problems: string[],
): readonly { readonly path: string; readonly tunnels: readonly string[] }[] {
  const layers: Layers = { flags: {}, environments: [], file: new Map(), readSecretFile: undefined };
  const read = (given: TextFile | undefined, kind: 'own' | 'project') => {
    if (given === undefined) return [];
    const { tunnels, isBroken } = readAgentFile(given, problems, kind);
    if (!isBroken)
      for (const entries of tunnels.values()) readOptions(TUNNEL_OPTIONS, { ...layers, file: entries }, problems);
    return [{ path: given.path, tunnels: [...tunnels.keys()] }];
  };
  const found = [...read(project, 'project'), ...read(file, 'own')];
  if (found.length === 0) problems.push('there is no file: "postern config init" writes a first one.');
  return found;
}

/** The chosen tunnels by name, each once, in the order of the names. */
function choose(files: readonly AgentFile[], names: readonly string[], problems: string[]): Map<string, Entries> {
  const [nearest] = files;
  if (nearest === undefined) {
    problems.push(
      'there is no tunnel to start: expected some below "tunnels" in a file that "postern config init" makes.',
    );
    return new Map();
  }
  if (names.length === 0) return new Map(nearest.tunnels);
  const chosen = new Map<string, Entries>();
  for (const name of names) {
    const file = files.find(({ tunnels, groups }) => tunnels.has(name) || groups.has(name));
    for (const member of file?.groups.get(name) ?? [name]) {
      const entries = file?.tunnels.get(member);
      if (entries !== undefined) chosen.set(member, entries);
    }
    const known = files.flatMap(({ tunnels, groups }) => [...tunnels.keys(), ...groups.keys()]);
    if (file === undefined)
      problems.push(`${quoted(name)} is neither a tunnel nor a group${suggestion(name, known) || '.'}`);
  }
  return chosen;
}

function checkOthers(
  files: readonly AgentFile[],
  chosen: ReadonlyMap<string, Entries>,
  layers: Layers,
  problems: string[],
): void {
  for (const { tunnels } of files)
    for (const [name, file] of tunnels)
      if (chosen.get(name) !== file) readOptions(TUNNEL_OPTIONS, { ...layers, flags: {}, file }, problems);
}
