/** `postern token create`: prints one token on standard output and nothing else, so that it can go into a file. */
import type { Command } from 'commander';
import { loadTokenConfig, TOKEN_OPTIONS } from '../config/token-config.js';
import { createToken } from '../link/token.js';
import { addConfigFlag, addFlags, givenFlags } from './flags.js';
import { edgeSources } from './sources.js';

/** Adds the command to the program. */
export function addTokenCommand(program: Command): void {
  const token = program.command('token').description('Make the tokens that agents present.');
  const command = token.command('create').description("Print a token, made with the edge's secret.");
  addFlags(command, TOKEN_OPTIONS);
  addConfigFlag(command, "The edge's YAML file, when it names the secret.");
  command.action(async () => {
    const { config } = command.opts<{ config?: string }>();
    const { secrets, ...request } = loadTokenConfig(edgeSources(givenFlags(command, TOKEN_OPTIONS), config));
    process.stdout.write(`${await createToken(secrets, request)}\n`);
  });
}
