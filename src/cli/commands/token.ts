/**
 * `postern token create`: prints one token and nothing else on standard output, or writes it to a file that only its owner can
 * read. `postern token revoke`: adds the id of a token to the file of revoked tokens that the edge reads.
 */
import { appendFileSync, fstatSync, readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { quoted } from '../../config/text.js';
import { loadRevocationConfig, loadTokenConfig, REVOCATION_OPTIONS, TOKEN_OPTIONS } from '../../config/token-config.js';
import { createToken, isTokenId, verifyToken } from '../../link/token.js';
import { CommandError, EXIT, printError, systemError } from '../process/exit.js';
import { addConfigFlag, addFlags, givenFlags } from '../process/flags.js';
import { readEdgeSources } from '../process/sources.js';

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
  command.option('--out <path>', 'A new file for the token, which only you can read; standard output without it.');
  command.action(async () => {
    const { config, out } = command.opts<{ config?: string; out?: string }>();
    const { secrets, ...request } = loadTokenConfig(readEdgeSources(givenFlags(command, TOKEN_OPTIONS), config));
    outputToken(await createToken(secrets, request), out);
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
    const { path, secrets } = loadRevocationConfig(readEdgeSources(givenFlags(command, REVOCATION_OPTIONS), config));
    const revoked = id === '-' ? (await verifyToken(secrets, readFileSync(0, 'utf8').trim())).id : id;
    if (!isTokenId(revoked)) {
      const expected = 'expected the 18 digits and letters that the audit record calls tokenId';
      throw new CommandError(`that is no id of a token: ${expected}.`, EXIT.usage);
    }
    appendFileSync(path, `${revoked}\n`, { mode: 0o600 });
    process.stdout.write(`${revoked}\n`);
    printError(`revoked: an edge that looks at ${quoted(path)} ends its links within five seconds.`);
  });
}

function outputToken(token: string, path: string | undefined): void {
  if (path === undefined) {
    process.stdout.write(`${token}\n`);
    const output = fstatSync(1);
    if (output.isFile() && (output.mode & 0o077) !== 0)
      printError('warning: the file that this goes to can be read by others: chmod 600 it, or use --out.');
    return;
  }
  try {
    writeFileSync(path, `${token}\n`, { mode: 0o600, flag: 'wx' }); // an existing file would keep its mode, and may be open
  } catch (error) {
    const code = systemError(error)?.code;
    const reason =
      code === 'EEXIST' ? 'is there already: name another one or remove it' : `cannot be written (${code})`;
    throw new CommandError(`--out: ${quoted(path)} ${reason}.`, EXIT.usage, { cause: error });
  }
  printError(`the token is in ${quoted(path)}: give it to its owner.`);
}
