/**
 * The configuration of an agent that serves one tunnel: flags, environment and the developer's own file, whose
 * `tunnels:` give targets a name. No `.env` is read here: the agent starts in the folder of some other project.
 */
import type { HostHeader } from '../core/hostname.js';
import { formatRule } from '../core/rule.js';
import { formatPublicPath } from '../http/public-path.js';
import { type AgentFile, readAgentFile } from './agent-file.js';
import { AGENT_OPTIONS, TUNNEL_OPTIONS } from './agent-options.js';
import { readEnvironment } from './environment.js';
import { type InspectConfig, readInspect } from './inspect.js';
import type { ValuesOf } from './options.js';
import { type Layers, readOptions } from './resolve.js';
import { checkConnection, readConnection } from './sign-ins.js';
import type { Sources } from './sources.js';
import { quoted, suggestion } from './text.js';
import type { LogLevel } from './values.js';

/** The configuration of an agent. */
export interface AgentConfig {
  /** Origin of the edge, `https://tunnel.acme.com`. */
  readonly edge: string;
  /** Undefined if none was given: the command then chooses one, or lets the edge take the first plain one of the token. */
  readonly name: string | undefined;
  /** Rules in canonical spelling; without any, only the owner is admitted. */
  readonly allow: readonly string[];
  /** Origins besides the tunnel's own whose pages may cause requests for it. */
  readonly allowOrigins: readonly string[];
  /** Origins besides the tunnel's own whose pages may show it in a frame. */
  readonly allowFrames: readonly string[];
  /** Requests that need no session, as written. */
  readonly publicPaths?: readonly string[];
  /** Whether CORS preflights reach the app. */
  readonly preflight?: boolean;
  /** Whether an access token counts as a Basic password, too. */
  readonly accessTokenBasic?: boolean;
  readonly oauthResource?: boolean;
  /** After which time the tunnel ends, in milliseconds. */
  readonly forMs?: number;
  readonly readOnly?: boolean;
  /** How many people may look at once. */
  readonly viewers?: number;
  readonly token: string;
  /** The token is that of a sign-in of `postern login`, which renews it. */
  readonly isSignedIn: boolean;
  /** A program that is started for each person who asks to be let in. */
  readonly onKnock?: string;
  readonly target: URL;
  /** Other servers by the path at which they are mounted. */
  readonly mounts?: Readonly<Record<string, URL>>;
  readonly hostHeader: HostHeader;
  /** A file of certificates. */
  readonly targetCa?: string;
  readonly targetInsecure?: boolean;
  /** How many links to the edge it may open. */
  readonly links: number;
  /** Undefined when no log was asked for. */
  readonly logLevel: LogLevel | undefined;
  /** Whether the desktop tells of who asks to be let in; undefined when it was not said. */
  readonly notify?: 'on' | 'off';
  /** Undefined when there is no inspector. */
  readonly inspect?: InspectConfig;
}

const { target: _, ...OTHER_TUNNEL_OPTIONS } = TUNNEL_OPTIONS;

/** The options of a tunnel whose target is not known. */
export const UNTARGETED_OPTIONS = OTHER_TUNNEL_OPTIONS;

const { edge: _edge, token: _token, ...OTHER_OPTIONS } = AGENT_OPTIONS;

/** All values of one tunnel and of its agent. */
export type AgentValues = ValuesOf<typeof AGENT_OPTIONS> &
  ValuesOf<typeof TUNNEL_OPTIONS> &
  Pick<AgentConfig, 'isSignedIn'>;

/**
 * Reads the configuration of an agent; throws `ConfigError` with every problem. `flags.target` is the command's
 * argument: a port, a URL, or the name of a tunnel of the file.
 */
export function loadAgentConfig(sources: Omit<Sources, 'dotenv'>): AgentConfig {
  const problems: string[] = [];
  const file = readAgentFile(sources.file, problems);
  const { layers, common, check } = readCommon(sources, file, problems);
  const tunnel = readTunnel(file, layers, sources.file?.path, problems);
  check();
  return toAgentConfig({ ...common, ...tunnel } as AgentValues); // without problems nothing is missing
}

/** What is the same for all tunnels of an agent. */
export interface Common {
  readonly layers: Layers;
  readonly common: Partial<AgentValues>;
  /** Throws `ConfigError` with the problems so far. */
  readonly check: () => void;
}

/** Reads what is the same for all tunnels. */
export function readCommon(sources: Omit<Sources, 'dotenv'>, file: AgentFile, problems: string[]): Common {
  const layers: Layers = {
    flags: sources.flags,
    environments: [readEnvironment(sources.env, problems)],
    file: file.agent,
    isFileBroken: file.isBroken,
    readSecretFile: sources.readSecretFile,
  };
  const connection = readConnection(layers, sources.signIns, problems);
  return {
    layers,
    common: { ...connection, ...readOptions(OTHER_OPTIONS, layers, problems) } as Partial<AgentValues>,
    check: () => checkConnection(connection, file.isBroken, problems),
  };
}

/** Every tunnel of the file is checked, whichever is started: a mistake is reported before that tunnel is needed. */
export function readTunnel(
  { tunnels }: AgentFile,
  layers: Layers,
  path: string | undefined,
  problems: string[],
): Partial<ValuesOf<typeof TUNNEL_OPTIONS>> {
  const { target, ...flags } = layers.flags;
  for (const [name, file] of tunnels) {
    if (name !== target) readOptions(TUNNEL_OPTIONS, { ...layers, flags: {}, file }, problems);
  }
  const named = tunnels.get(target ?? '');
  if (named !== undefined) return readOptions(TUNNEL_OPTIONS, { ...layers, flags, file: named }, problems);
  if (target !== undefined && looksLikeName(target)) {
    if (layers.isFileBroken) return {}; // it may be a tunnel there
    const where = path === undefined ? 'and there is no file with tunnels' : `nor a tunnel in ${path}`;
    problems.push(`${quoted(target)} is neither a port nor a URL ${where}${suggestion(target, tunnels.keys()) || '.'}`);
    return readOptions(UNTARGETED_OPTIONS, { ...layers, file: new Map() }, problems);
  }
  return readOptions(TUNNEL_OPTIONS, { ...layers, file: new Map() }, problems);
}

function looksLikeName(text: string): boolean {
  return /^[a-z0-9_-]*[a-z_-][a-z0-9_-]*$/i.test(text);
}

/** The configuration of one tunnel. */
export function toAgentConfig(values: AgentValues): AgentConfig {
  return {
    edge: values.edge,
    name: values.name,
    allow: (values.allow ?? []).map(formatRule),
    allowOrigins: values.allow_origin ?? [],
    allowFrames: values.allow_frame ?? [],
    ...(values.public_path !== undefined && { publicPaths: values.public_path.map(formatPublicPath) }),
    ...(values.preflight !== undefined && { preflight: values.preflight }),
    ...(values.access_token_basic !== undefined && { accessTokenBasic: values.access_token_basic }),
    ...(values.oauth_resource !== undefined && { oauthResource: values.oauth_resource }),
    ...(values.for !== undefined && { forMs: values.for }),
    ...(values.read_only !== undefined && { readOnly: values.read_only }),
    ...(values.viewers !== undefined && { viewers: values.viewers }),
    token: values.token,
    isSignedIn: values.isSignedIn,
    target: values.target,
    ...(values.mount !== undefined && {
      mounts: Object.fromEntries(values.mount.map(({ path, target }) => [path, target])),
    }),
    ...(values.on_knock !== undefined && { onKnock: values.on_knock }),
    hostHeader: values.host_header,
    ...(values.target_ca !== undefined && { targetCa: values.target_ca }),
    ...(values.target_insecure !== undefined && { targetInsecure: values.target_insecure }),
    links: values.links,
    logLevel: values.log_level,
    ...(values.notify !== undefined && { notify: values.notify }),
    ...(values.inspect !== 'off' && { inspect: readInspect(values.inspect, values) }),
  };
}
