/**
 * `postern token create`: prints one token and nothing else on standard output, or writes it to a file that only its owner can
 * read. `postern token list`: asks the edge which tokens there are. `postern token revoke`: adds the id of a token to the file of
 * revoked tokens that the edge reads, where that is set, and otherwise asks the edge to revoke it.
 */
import { appendFileSync, fstatSync, readFileSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { CONNECTION_OPTIONS } from '../../config/api-config.js';
import { ConfigError } from '../../config/config-error.js';
import { quoted } from '../../config/text.js';
import { loadRevocationConfig, loadTokenConfig, REVOCATION_OPTIONS, TOKEN_OPTIONS } from '../../config/token-config.js';
import { createToken, isTokenId, readTokenId, verifyToken } from '../../link/token.js';
import type { ApiAgentToken } from '../process/api-types.js';
import { CommandError, EXIT, printError, systemError } from '../process/exit.js';
import { addConfigFlag, addFlags, givenFlags } from '../process/flags.js';
import { readEdgeSources } from '../process/sources.js';
import { connect, OTHER_FILE, say } from './own-tunnels.js';

/** Adds the command to the program. */
export function addTokenCommand(program: Command): void {
  const token = program.command('token').description('Make the tokens that agents present, and take them back.');
  addCreateCommand(token);
  addListCommand(token);
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

function addListCommand(token: Command): void {
  const command = token
    .command('list')
    .description('List the tokens and sign-ins of your agents; those of all for POSTERN_ADMINS.');
  addFlags(command, CONNECTION_OPTIONS);
  addConfigFlag(command, OTHER_FILE);
  command.option('--json', 'Print one JSON object per line.');
  command.action(async () => {
    const { api } = await connect(command, CONNECTION_OPTIONS);
    const { json } = command.opts<{ json?: true }>();
    for (const item of await api.agentTokens()) say(json ? JSON.stringify(item) : describe(item));
  });
}

function describe({ id, owner, tunnels, sign_in: signIn, ...token }: ApiAgentToken): string {
  const what = signIn === null ? tunnels.join(',') : `signed in on ${quoted(signIn.machine)}`;
  const seen = `last seen ${token.last_seen} from ${token.address}`;
  const online = token.online.length === 0 ? '' : `  online: ${token.online.join(', ')}`;
  return `${id}  ${owner}  ${what}  ${seen}  until ${token.expires_at}${online}`;
}

function addRevokeCommand(token: Command): void {
  const command = token
    .command('revoke')
    .description('Take a token back: by the file of revoked tokens where one is set, else at the edge.')
    .argument('<id>', 'The id that "postern token list" and the audit record show; - reads the token itself.');
  addFlags(command, { ...REVOCATION_OPTIONS, ...CONNECTION_OPTIONS });
  addConfigFlag(command, "The edge's YAML file, when it names the file of revoked tokens.");
  command.action(async (id: string) => {
    const { config, edge } = command.opts<{ config?: string; edge?: string }>();
    const sources = readEdgeSources(givenFlags(command, REVOCATION_OPTIONS), config);
    const file = edge === undefined ? loadRevocationConfig(sources) : undefined;
    if (file === undefined) return revokeAtEdge(command, id);
    const revoked = id === '-' ? (await verifyToken(file.secrets, readToken())).id : id;
    checkId(revoked);
    appendFileSync(file.path, `${revoked}\n`, { mode: 0o600 });
    say(revoked);
    printError(`revoked: an edge that looks at ${quoted(file.path)} ends its links within five seconds.`);
  });
}

async function revokeAtEdge(command: Command, given: string): Promise<void> {
  const id = given === '-' ? (readTokenId(readToken()) ?? '') : given;
  checkId(id);
  const { api, values } = await connect(command, CONNECTION_OPTIONS).catch((error: unknown) => {
    if (error instanceof ConfigError) printError('POSTERN_REVOKED_TOKENS is not set, so the edge itself is asked.');
    throw error;
  });
  const isRevoked = await api.revokeAgentToken(id);
  if (!isRevoked) throw new CommandError(`${values.edge} knows no token ${quoted(id)} that you may revoke. ${UNUSED}`);
  say(id);
  printError(`revoked at ${values.edge}: its links have ended.`);
}

const UNUSED = 'One that was never used there is revoked with POSTERN_REVOKED_TOKENS, the file that the edge looks at.';

function readToken(): string {
  return readFileSync(0, 'utf8').trim();
}

function checkId(id: string): void {
  if (isTokenId(id)) return;
  const expected = 'expected the 18 digits and letters that the audit record calls tokenId';
  throw new CommandError(`that is no id of a token: ${expected}.`, EXIT.usage);
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
