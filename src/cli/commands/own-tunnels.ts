/** What the commands about a person's own tunnels share: the API of the edge, the tunnel that is meant, and a line of output. */
import type { Command } from 'commander';
import { type CONNECTION_OPTIONS, loadApiConfig } from '../../config/api-config.js';
import { printable, quoted } from '../../config/text.js';
import { ApiClient } from '../process/api-client.js';
import type { ApiTunnel } from '../process/api-types.js';
import { CommandError, EXIT } from '../process/exit.js';
import { givenFlags } from '../process/flags.js';
import { renewedToken } from '../process/signed-in-token.js';
import { readAgentSources } from '../process/sources.js';

/** Describes `--config`. */
export const OTHER_FILE = 'Another file than $XDG_CONFIG_HOME/postern/config.yaml.';

/** The API of the edge, with the token of the options or of the sign-in, and the values of the options. */
export async function connect<Table extends typeof CONNECTION_OPTIONS>(command: Command, table: Table) {
  const { config } = command.opts<{ config?: string }>();
  const values = loadApiConfig(table, readAgentSources(givenFlags(command, table), config));
  const { edge, token, isSignedIn } = values;
  return { api: new ApiClient(edge, isSignedIn ? await renewedToken(edge) : token), values };
}

/** The tunnel that is meant: the one of that name, else the only one whose agent is connected. */
export function onlyOne(tunnels: readonly ApiTunnel[], name: string | undefined): ApiTunnel {
  const [tunnel, ...others] = name === undefined ? tunnels.filter(({ online }) => online) : chosen(tunnels, name);
  if (tunnel === undefined) throw new CommandError('no agent of yours is connected: start one, or choose a --name.');
  if (others.length === 0) return tunnel;
  const names = [tunnel, ...others].map((other) => other.name).join(', ');
  throw new CommandError(`several tunnels of yours are online: choose one with --name (${names}).`, EXIT.usage);
}

/** The tunnels that are meant: the one of that name, else all of this person. */
export function chosen(tunnels: readonly ApiTunnel[], name: string | undefined): readonly ApiTunnel[] {
  const found = name === undefined ? tunnels : tunnels.filter((tunnel) => tunnel.name === name);
  if (found.length > 0) return found;
  throw new CommandError(
    name === undefined ? 'you have no tunnel at this edge.' : `you have no tunnel ${quoted(name)} at this edge.`,
  );
}

/** Prints what there is at each tunnel: a line each, or as JSON. `none` tells a person, but no program, that there is nothing. */
export async function sayEach<Item extends object>(
  tunnels: readonly ApiTunnel[],
  read: (tunnel: string) => Promise<readonly Item[]>,
  how: { readonly json?: true; readonly line: (item: Item) => string; readonly none: string },
): Promise<void> {
  let isEmpty = true;
  for (const { name } of tunnels) {
    for (const item of await read(name)) {
      isEmpty = false;
      say(how.json ? JSON.stringify({ tunnel: name, ...item }) : `${name}  ${how.line(item)}`);
    }
  }
  if (isEmpty && how.json === undefined && process.stdout.isTTY) say(how.none);
}

/** Writes one line to standard output, without what would change a terminal. */
export function say(line: string): void {
  process.stdout.write(`${printable(line)}\n`);
}
