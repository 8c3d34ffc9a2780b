/** `postern config check`: says whether an edge would start with this configuration, and if not, every reason. */
import type { Command } from 'commander';
import { EDGE_OPTIONS } from '../config/edge-options.js';
import { readEdgeConfig } from './edge.js';
import { addConfigFlag, addFlags } from './flags.js';

/** Adds the command to the program. */
export function addConfigCommand(program: Command): void {
  const config = program.command('config').description("Look at an edge's configuration.");
  const command = config.command('check').description('Print "ok", or every problem.');
  addFlags(command, EDGE_OPTIONS);
  addConfigFlag(command, 'A YAML file of options, such as config/edge.yaml.');
  command.action(() => {
    readEdgeConfig(command);
    process.stdout.write('ok\n');
  });
}
