/** `postern run -- npm run dev`: starts a development server, and a tunnel to it. */
import type { Command } from 'commander';
import { loadAgentConfig } from '../../config/agent-config.js';
import { AGENT_OPTIONS, TUNNEL_OPTIONS } from '../../config/agent-options.js';
import { ConfigError } from '../../config/config-error.js';
import { runServer } from '../live/run-server.js';
import { CommandError } from '../process/exit.js';
import { addConfigFlag, addFlags, givenFlags } from '../process/flags.js';
import { readAgentSources } from '../process/sources.js';

const { target: _, ...OPTIONS } = { ...AGENT_OPTIONS, ...TUNNEL_OPTIONS };

// Until the server listens somewhere.
const UNKNOWN = 'http://localhost:1';

/** Adds the command to the program. */
export function addRunCommand(program: Command): void {
  const command = program
    .command('run')
    .description('Start a development server and a tunnel to it; both end together. Its port is found.')
    .argument('<command...>', 'The command that starts it, behind "--": postern run -- npm run dev.');
  addFlags(command, OPTIONS);
  addConfigFlag(command, 'Another file than $XDG_CONFIG_HOME/postern/config.yaml.');
  command.option('--port <port>', 'The port on which it listens, where it has several or is not found.');
  command.option('--json', 'Print one JSON object per line; the output of the server goes to standard error.');
  command.action((words: string[], options: { config?: string; json?: true; port?: string }) => {
    if (process.platform === 'win32')
      throw new CommandError(
        '"postern run" needs a system with sessions of processes: start the server yourself, and "postern http PORT" beside it.',
      );
    const flags = { ...givenFlags(command, OPTIONS), target: UNKNOWN };
    const config = loadAgentConfig(readAgentSources(flags, options.config));
    const port = readPort(options.port);
    return runServer({ config, format: options.json ? 'json' : 'text', command: words as [string, ...string[]], port });
  });
}

function readPort(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port >= 1 && port <= 65_535) return port;
  throw new ConfigError([`--port: expected a port from 1 to 65535.`]);
}
