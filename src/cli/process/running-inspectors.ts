/** The inspectors that run on this machine, and which of their tunnels a command means. */
import type { Exchange, TunnelInfo } from '../../agent/inspector/wire.js';
import { quoted } from '../../config/text.js';
import { CommandError, EXIT } from './exit.js';
import { InspectorClient } from './inspector-client.js';
import { publishedInspectors } from './inspector-files.js';

const REQUEST_ID = /^[\w.:-]{8,200}$/;

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
  if (found === undefined) throw new CommandError(noneOf(name, await running));
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

function noneOf(name: string | undefined, running: readonly RunningInspector[]): string {
  const names = running.flatMap(({ tunnels }) => tunnels.map((one) => one.name)).join(', ');
  if (name === undefined || names === '')
    return 'no tunnel with an inspector runs on this machine: "postern 5173" starts one.';
  return `no tunnel ${quoted(name)} with an inspector runs on this machine: choose another --name (${names}).`;
}

function sameName(name: string, running: readonly RunningInspector[]): string {
  const addresses = running.map(({ client }) => client.inspector.origin).join(', ');
  return `several processes have a tunnel ${quoted(name)}: look into their inspectors (${addresses}), or end all but one.`;
}

/** An exchange, and the process that keeps it. */
export interface Held {
  readonly client: InspectorClient;
  readonly id: string;
}

/**
 * The process that keeps an exchange, which is named by its own id or by that of its request, as lines of logs and error pages have
 * it. Where a tunnel is named, the exchange is one of it.
 */
export async function holderOf(id: string, name: string | undefined, running = runningInspectors()): Promise<Held> {
  for (const { client } of await running) {
    const exchange = (await client.exchange(id).catch(() => undefined)) ?? (await byRequestId(client, id));
    if (exchange === undefined) continue;
    if (name === undefined || exchange.tunnel === name) return { client, id: exchange.id };
    throw new CommandError(`--name: the request came through the tunnel ${quoted(exchange.tunnel)}.`, EXIT.usage);
  }
  throw new CommandError('no tunnel on this machine has such a request: "postern logs" shows the ids.');
}

// Among those that have the text somewhere: a page may say it, too.
async function byRequestId(client: InspectorClient, id: string): Promise<Exchange | undefined> {
  if (!REQUEST_ID.test(id)) return undefined;
  const { exchanges } = await client.exchanges({ filter: `"${id}"` }).catch(() => ({ exchanges: [] }));
  return exchanges.find(({ requestId }) => requestId === id);
}
