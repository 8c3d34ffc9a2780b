/** `postern status`: the tunnels that run on this machine, and where their inspectors are. */
import type { Command } from 'commander';
import { InspectorClient } from '../process/inspector-client.js';
import { runningInspectors } from '../process/inspector-files.js';
import { say } from './own-tunnels.js';

/** Adds the command to the program. */
export function addStatusCommand(program: Command): void {
  const command = program.command('status').description('List the tunnels that run on this machine.');
  command.option('--json', 'Print one JSON object per line.');
  command.action(async ({ json }: { json?: true }) => {
    const running = runningInspectors();
    const columns = Math.max(...running.map(({ tunnel }) => tunnel.length));
    for (const inspector of running) {
      const { tunnel, url, target, origin, pid } = inspector;
      const online = await new InspectorClient(inspector).isOnline().catch(() => false); // it has just ended
      const fields = { tunnel, url, target, online, inspector: origin, pid };
      const state = online ? 'online ' : 'offline';
      say(
        json
          ? JSON.stringify(fields)
          : `${tunnel.padEnd(columns)}  ${state}  ${url}  ->  ${target}  inspector ${origin}`,
      );
    }
    if (running.length === 0 && json === undefined && process.stdout.isTTY)
      say('No tunnel with an inspector runs on this machine.');
  });
}
