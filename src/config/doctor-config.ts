/**
 * What `postern doctor` needs: the edge, and as much of the token, the tunnel and its target as there is. That there is no sign-in is a
 * finding, not a fault of the configuration.
 */
import type { HostHeader } from '../core/hostname.js';
import { formatRule } from '../core/rule.js';
import { readTunnel, UNTARGETED_OPTIONS } from './agent-config.js';
import { readAgentFile } from './agent-file.js';
import { AGENT_OPTIONS, type TUNNEL_OPTIONS } from './agent-options.js';
import { ConfigError } from './config-error.js';
import { readEnvironment } from './environment.js';
import type { OptionTable, ValuesOf } from './options.js';
import { readOptions } from './resolve.js';
import { readConnection } from './sign-ins.js';
import type { TunnelsSources } from './tunnels-config.js';

const { name, mount, allow, host_header, target_ca, target_insecure } = UNTARGETED_OPTIONS;

export const DOCTOR_OPTIONS = {
  edge: AGENT_OPTIONS.edge,
  token: AGENT_OPTIONS.token,
  name,
  mount,
  allow,
  host_header,
  target_ca,
  target_insecure,
} as const satisfies OptionTable;

/** What is to be looked at. */
export interface DoctorConfig {
  readonly edge: string;
  /** Undefined without a token and a sign-in. */
  readonly token: string | undefined;
  readonly isSignedIn: boolean;
  readonly name: string | undefined;
  readonly allow: readonly string[];
  readonly target: URL | undefined;
  /** Other servers, by the path that leads to each. */
  readonly mounts: Readonly<Record<string, URL>>;
  readonly hostHeader: HostHeader;
  readonly targetCa: string | undefined;
  readonly targetInsecure: boolean | undefined;
}

/**
 * Reads it; throws `ConfigError` with every problem. `flags.target` is as for an agent, and may be absent, or name a tunnel or a group of
 * `postern.yaml` in the folder or of the own file. There is one for each tunnel.
 */
export function loadDoctorConfig(sources: TunnelsSources): readonly [DoctorConfig, ...DoctorConfig[]] {
  const problems: string[] = [];
  const file = readAgentFile(sources.file, problems);
  const project = readAgentFile(sources.project, problems, 'project');
  const layers = {
    flags: sources.flags,
    environments: [readEnvironment(sources.env, problems)],
    file: file.agent,
    isFileBroken: file.isBroken || project.isBroken,
    readSecretFile: sources.readSecretFile,
  };
  const { edge, token, isSignedIn } = readConnection(layers, sources.signIns, problems);
  const { target } = sources.flags;
  const described = [project, file].find(
    ({ tunnels, groups }) => groups.has(target ?? '') || tunnels.has(target ?? ''),
  );
  const path = described === project ? sources.project?.path : sources.file?.path;
  const read = (name: string | undefined): Tunnel =>
    name === undefined
      ? readOptions(UNTARGETED_OPTIONS, { ...layers, file: new Map() }, problems)
      : readTunnel(described ?? file, { ...layers, flags: { ...layers.flags, target: name } }, path, problems);
  const [first, ...others] = (described?.groups.get(target ?? '') ?? [target]).map(read);
  if (problems.length > 0 || edge === undefined) throw new ConfigError([...new Set(problems)]);
  const common = { edge, token, isSignedIn };
  return [{ ...common, ...ofTunnel(first ?? {}) }, ...others.map((tunnel) => ({ ...common, ...ofTunnel(tunnel) }))];
}

type Tunnel = Partial<ValuesOf<typeof TUNNEL_OPTIONS>>;

function ofTunnel(tunnel: Tunnel): Omit<DoctorConfig, 'edge' | 'token' | 'isSignedIn'> {
  return {
    name: tunnel.name,
    allow: (tunnel.allow ?? []).map(formatRule),
    target: tunnel.target,
    mounts: Object.fromEntries((tunnel.mount ?? []).map(({ path, target }) => [path, target])),
    hostHeader: tunnel.host_header ?? 'rewrite',
    targetCa: tunnel.target_ca,
    targetInsecure: tunnel.target_insecure,
  };
}
