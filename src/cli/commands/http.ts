/** `postern http`: runs an agent for one target. */
import type { Command } from 'commander';
import { loadAgentConfig } from '../../config/agent-config.js';
import { AGENT_OPTIONS, TUNNEL_OPTIONS } from '../../config/agent-options.js';
import { runTunnel } from '../live/run-tunnel.js';
import { addConfigFlag, addFlags, givenFlags } from '../process/flags.js';
import { agentFilePath, readAgentSources } from '../process/sources.js';

const OPTIONS = { ...AGENT_OPTIONS, ...TUNNEL_OPTIONS };

/** Adds the command to the program. */
export function addHttpCommand(program: Command): void {
  const command = program
    .command('http')
    .description('Put a local server behind a public URL; "postern 5173" is short for "postern http 5173".')
    .argument('<target>', TUNNEL_OPTIONS.target.description);
  addFlags(command, OPTIONS);
  addConfigFlag(command, 'Another file than $XDG_CONFIG_HOME/postern/config.yaml.');
  command.option('--json', 'Print one JSON object per line.');
  command.action((target: string, options: { config?: string; json?: true }) => {
    const flags = { ...givenFlags(command, OPTIONS), target };
    const read = () => loadAgentConfig(readAgentSources(flags, options.config));
    return runTunnel(read(), options.json ? 'json' : 'text', { paths: [agentFilePath(options.config)], read });
  });
}
