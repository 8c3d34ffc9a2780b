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
import type { Sources } from './sources.js';

const { name, allow, host_header, target_ca, target_insecure } = UNTARGETED_OPTIONS;

export const DOCTOR_OPTIONS = {
  edge: AGENT_OPTIONS.edge,
  token: AGENT_OPTIONS.token,
  name,
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
  readonly hostHeader: HostHeader;
  readonly targetCa: string | undefined;
  readonly targetInsecure: boolean | undefined;
}

/** Reads it; throws `ConfigError` with every problem. `flags.target` is as for an agent, and may be absent. */
export function loadDoctorConfig(sources: Omit<Sources, 'dotenv'>): DoctorConfig {
  const problems: string[] = [];
  const file = readAgentFile(sources.file, problems);
  const layers = {
    flags: sources.flags,
    environments: [readEnvironment(sources.env, problems)],
    file: file.agent,
    isFileBroken: file.isBroken,
    readSecretFile: sources.readSecretFile,
  };
  const { edge, token, isSignedIn } = readConnection(layers, sources.signIns, problems);
  const tunnel: Partial<ValuesOf<typeof TUNNEL_OPTIONS>> =
    sources.flags['target'] === undefined
      ? readOptions(UNTARGETED_OPTIONS, { ...layers, file: new Map() }, problems)
      : readTunnel(file, layers, sources.file?.path, problems);
  if (problems.length > 0 || edge === undefined) throw new ConfigError(problems);
  return {
    edge,
    token,
    isSignedIn,
    name: tunnel.name,
    allow: (tunnel.allow ?? []).map(formatRule),
    target: tunnel.target,
    hostHeader: tunnel.host_header ?? 'rewrite',
    targetCa: tunnel.target_ca,
    targetInsecure: tunnel.target_insecure,
  };
}
