/** The inspectors that run on this machine, and which of their tunnels a command means. */
import type { TunnelInfo } from '../../agent/inspector/wire.js';
import { quoted } from '../../config/text.js';
import { CommandError, EXIT } from './exit.js';
import { InspectorClient } from './inspector-client.js';
import { publishedInspectors } from './inspector-files.js';

/** The inspector of one process. */
export interface RunningInspector {
  readonly client: InspectorClient;
  readonly tunnels: readonly TunnelInfo[];
}

/** What a command is about: all tunnels of a process, or one of them. */
export interface ChosenTunnels extends RunningInspector {
  /** The term of a filter that holds for no other tunnel; empty for all. */
  readonly term: string;
}

/** All of this user. Each has proven that it is one. */
export async function runningInspectors(): Promise<readonly RunningInspector[]> {
  const found = publishedInspectors().map(async (published): Promise<RunningInspector[]> => {
    const client = new InspectorClient(published);
    if (!(await client.isGenuine())) return [];
    return client.tunnels().then(
      (tunnels) => [{ client, tunnels }],
      () => [], // it has just ended
    );
  });
  return (await Promise.all(found)).flat();
}

/** The tunnel of that name, else all tunnels of the only process that has some. */
export async function chosenTunnels(name: string | undefined, running = runningInspectors()): Promise<ChosenTunnels> {
  const matching = (await running).filter(({ tunnels }) =>
    tunnels.some((one) => name === undefined || one.name === name),
  );
  const [found, ...others] = matching;
  if (found === undefined)
    throw new CommandError('no tunnel with an inspector runs on this machine: start one, or choose another --name.');
  if (others.length > 0) {
    const names = [...new Set(matching.flatMap(({ tunnels }) => tunnels.map((one) => one.name)))];
    if (name !== undefined || names.length === 1)
      throw new CommandError(sameName(name ?? `${names}`, matching), EXIT.usage);
    throw new CommandError(
      `several tunnels run on this machine: choose one with --name (${names.join(', ')}).`,
      EXIT.usage,
    );
  }
  return { ...found, term: name === undefined ? '' : `tunnel:${name}` };
}

function sameName(name: string, running: readonly RunningInspector[]): string {
  const addresses = running.map(({ client }) => client.inspector.origin).join(', ');
  return `several processes have a tunnel ${quoted(name)}: look into their inspectors (${addresses}), or end all but one.`;
}

/** The process that keeps an exchange. Where a tunnel is named, the exchange is one of it. */
export async function holderOf(
  id: string,
  name: string | undefined,
  running = runningInspectors(),
): Promise<InspectorClient> {
  for (const { client } of await running) {
    const exchange = await client.exchange(id).catch(() => undefined);
    if (exchange === undefined) continue;
    if (name === undefined || exchange.tunnel === name) return client;
    throw new CommandError(`--name: the request came through the tunnel ${quoted(exchange.tunnel)}.`, EXIT.usage);
  }
  throw new CommandError('no tunnel on this machine has such a request: "postern logs --json" shows the ids.');
}
