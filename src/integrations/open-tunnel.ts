/**
 * `openTunnel`: a tunnel inside another program, for as long as that program wants it. Composes an agent, the connection that
 * the command would use, and the edge's API.
 */
import { type AgentEvents, type AgentOptions, startAgent } from '../agent/agent.js';
import { ApiClient } from '../cli/process/api-client.js';
import { nameHere, openConnection } from '../cli/process/edge-connection.js';
import { edgeOrigin } from '../config/addresses.js';
import { PosternError } from '../errors.js';
import { asLibraryError } from './errors.js';
import { RunningTunnel, type Tunnel } from './tunnel.js';

/** The options of `openTunnel`. Only the target is required. */
export interface TunnelOptions extends Omit<AgentOptions, 'edge' | 'token'> {
  /** The edge's origin. Default: `POSTERN_EDGE`, the developer's file, or the edge of the last `postern login`. */
  readonly edge?: string | undefined;
  /** A token, or what gives the one for the next dial. Default: `POSTERN_TOKEN`, or the sign-in of `postern login`. */
  readonly token?: string | (() => Promise<string>) | undefined;
  /** The tunnel's name. Default: as `postern 5173` chooses it, after the working directory and the owner. */
  readonly name?: string | undefined;
  /** Closes the tunnel, opened or not. */
  readonly signal?: AbortSignal | undefined;
  /** How long an edge that cannot be reached is dialled before `openTunnel` rejects. Default: 30 000; `Infinity` for ever. */
  readonly timeoutMs?: number | undefined;
}

const TIMEOUT_MS = 30_000;

/**
 * Opens a tunnel and resolves once it can be reached. Rejects with a `PosternError`: the refusal of the edge, `ERR_LINK_LOST`
 * when it cannot be reached, `ERR_TOKEN_INVALID` when there is no sign-in, `ERR_CONFIG_INVALID` for an option.
 *
 * ```js
 * await using tunnel = await openTunnel({ target: 5173, name: 'demo', allow: ['@acme.com'] });
 * console.log(tunnel.url);
 * ```
 */
export async function openTunnel(options: TunnelOptions): Promise<Tunnel> {
  const tunnel = await startTunnel(options);
  try {
    await tunnel.opened;
    return tunnel;
  } catch (error) {
    tunnel.destroy();
    throw error;
  }
}

/** As `openTunnel`, and resolves before the tunnel is up, which `opened` tells. */
export async function startTunnel(options: TunnelOptions): Promise<RunningTunnel> {
  const { token: own, signal, timeoutMs = TIMEOUT_MS, events = {} } = options;
  signal?.throwIfAborted();
  let tunnel: RunningTunnel | undefined;
  const hint = (text: string) => (tunnel === undefined ? events.hint?.(text) : tunnel.hint(text));
  try {
    const connection = await openConnection({ edge: readEdge(options.edge), token: own, hint });
    const { edge, token } = connection;
    const httpAgent = options.httpAgent ?? connection.httpAgent;
    const name = options.name ?? nameHere(await token());
    const route = httpAgent === undefined ? {} : { httpAgent };
    const start = (told: AgentEvents) => startAgent({ ...options, edge, token, name, events: told, ...route });
    tunnel = new RunningTunnel({ start, api: new ApiClient(edge, token), connection, events, signal, timeoutMs });
    return tunnel;
  } catch (error) {
    throw asLibraryError(error);
  }
}

function readEdge(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const { value, problems } = edgeOrigin.read(text);
  if (value !== undefined && problems.length === 0) return value;
  throw new PosternError('ERR_CONFIG_INVALID', `edge: ${problems.join('; ')}.`);
}
