/** `postern status`: the tunnels that run on this machine, and where their inspectors are. */
import type { Command } from 'commander';
import { runningInspectors } from '../process/running-inspectors.js';
import { say } from './own-tunnels.js';

/** Adds the command to the program. */
export function addStatusCommand(program: Command): void {
  const command = program.command('status').description('List the tunnels that run on this machine.');
  command.option('--json', 'Print one JSON object per line.');
  command.action(async ({ json }: { json?: true }) => {
    const running = await runningInspectors();
    const rows = running.flatMap(({ client, tunnels }) =>
      tunnels.map(({ name, ...rest }) => {
        const { origin, pid } = client.inspector;
        return { tunnel: name, ...rest, inspector: origin, pid };
      }),
    );
    const columns = Math.max(...rows.map(({ tunnel }) => tunnel.length));
    for (const row of rows) {
      const { tunnel, url, target, online, inspector } = row;
      const state = online ? 'online ' : 'offline';
      say(
        json
          ? JSON.stringify(row)
          : `${tunnel.padEnd(columns)}  ${state}  ${url}  ->  ${target}  inspector ${inspector}`,
      );
    }
    if (rows.length === 0 && json === undefined && process.stdout.isTTY)
      say('No tunnel with an inspector runs on this machine.');
  });
}
