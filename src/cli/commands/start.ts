/** `postern start`: runs several tunnels, as they are described in a file. */
import type { Command } from 'commander';
import { AGENT_OPTIONS } from '../../config/agent-options.js';
import { loadTunnelsConfig } from '../../config/tunnels-config.js';
import { runTunnels, type Tunnels } from '../live/run-tunnels.js';
import { addConfigFlag, addFlags, givenFlags } from '../process/flags.js';
import { readTunnelsSources, tunnelsFilePaths } from '../process/sources.js';

/** Adds the command to the program. */
export function addStartCommand(program: Command): void {
  const command = program
    .command('start')
    .description(
      'Start the tunnels of your file, or of postern.yaml in this folder: those of these names or groups, or all.',
    )
    .argument('[tunnel...]', 'Tunnels and groups; without any all tunnels of the nearer file.');
  addFlags(command, AGENT_OPTIONS);
  addConfigFlag(command, 'Another file than postern.yaml and $XDG_CONFIG_HOME/postern/config.yaml.');
  command.option('--json', 'Print one JSON object per line.');
  command.action((names: string[], options: { config?: string; json?: true }) => {
    const flags = givenFlags(command, AGENT_OPTIONS);
    // Never empty: that is a problem of the files.
    const read = () => loadTunnelsConfig(readTunnelsSources(flags, options.config), names) as unknown as Tunnels;
    return runTunnels(read(), options.json ? 'json' : 'text', { paths: tunnelsFilePaths(options.config), read });
  });
}
