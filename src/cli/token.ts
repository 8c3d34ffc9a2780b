/**
 * `postern token create`: prints one token on standard output and nothing else, so that it can go into a file.
 * `postern token revoke`: adds the id of one to the file that the edge looks at.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { loadRevocationConfig, loadTokenConfig, REVOCATION_OPTIONS, TOKEN_OPTIONS } from '../config/token-config.js';
import { createToken, verifyToken } from '../link/token.js';
import { CommandError, EXIT } from './exit.js';
import { addConfigFlag, addFlags, givenFlags } from './flags.js';
import { edgeSources } from './sources.js';

const TOKEN_ID = /^[A-Za-z0-9_-]{1,64}$/;

/** Adds the command to the program. */
export function addTokenCommand(program: Command): void {
  const token = program.command('token').description('Make the tokens that agents present, and take them back.');
  addCreateCommand(token);
  addRevokeCommand(token);
}

function addCreateCommand(token: Command): void {
  const command = token.command('create').description("Print a token, made with the edge's secret.");
  addFlags(command, TOKEN_OPTIONS);
  addConfigFlag(command, "The edge's YAML file, when it names the secret.");
  command.action(async () => {
    const { config } = command.opts<{ config?: string }>();
    const { secrets, ...request } = loadTokenConfig(edgeSources(givenFlags(command, TOKEN_OPTIONS), config));
    process.stdout.write(`${await createToken(secrets, request)}\n`);
  });
}

function addRevokeCommand(token: Command): void {
  const command = token
    .command('revoke')
    .description('Take a token back: its links end within five seconds.')
    .argument('<id>', 'The tokenId of the audit record; - reads the token itself from standard input.');
  addFlags(command, REVOCATION_OPTIONS);
  addConfigFlag(command, "The edge's YAML file, when it names the file of revoked tokens.");
  command.action(async (id: string) => {
    const { config } = command.opts<{ config?: string }>();
    const { path, secrets } = loadRevocationConfig(edgeSources(givenFlags(command, REVOCATION_OPTIONS), config));
    const revoked = id === '-' ? (await verifyToken(secrets, readFileSync(0, 'utf8').trim())).id : id;
    if (!TOKEN_ID.test(revoked))
      throw new CommandError('that is no id of a token: the audit record calls it tokenId.', EXIT.usage);
    appendFileSync(path, `${revoked}\n`, { mode: 0o600 });
    process.stdout.write(`${revoked}\n`);
  });
}
