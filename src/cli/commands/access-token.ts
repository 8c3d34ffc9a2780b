/** `postern access-token create|list|revoke`: credentials with which machines open a tunnel. */
import type { Command } from 'commander';
import { API_OPTIONS, TOKEN_LIFE_OPTIONS } from '../../config/api-config.js';
import { quoted } from '../../config/text.js';
import type { ApiAccessToken } from '../process/api-types.js';
import { CommandError, EXIT, printError } from '../process/exit.js';
import { addConfigFlag, addFlags } from '../process/flags.js';
import { chosen, connect, OTHER_FILE, onlyOne, say, sayEach } from './own-tunnels.js';

/** Adds the command to the program. */
export function addAccessTokenCommand(program: Command): void {
  const command = program
    .command('access-token')
    .description('Make the tokens with which machines open a tunnel of yours, and take them back.');
  addCreateCommand(command);
  addListCommand(command);
  addRevokeCommand(command);
}

function addCreateCommand(parent: Command): void {
  const command = parent
    .command('create')
    .description('Print a new access token for a tunnel; it is shown this once.')
    .argument('<label>', 'What you call it, such as ci: the list, the log and the audit record do, too.');
  addFlags(command, TOKEN_LIFE_OPTIONS);
  addConfigFlag(command, OTHER_FILE);
  command.action(async (label: string) => {
    const { api, values } = await connect(command, TOKEN_LIFE_OPTIONS);
    const { for: duration } = command.opts<{ for?: string }>();
    const tunnel = onlyOne(await api.tunnels(), values.name);
    const body = { name: label, ...(duration !== undefined && { for: duration }) };
    const created = await api.createAccessToken(tunnel.name, body);
    say(created.token);
    printError(
      `for ${tunnel.url} until ${created.expires_at}: send it as Postern-Access-Token. It is not shown again.`,
    );
  });
}

function addListCommand(parent: Command): void {
  const command = parent
    .command('list')
    .description('List the access tokens of your tunnels, without the tokens themselves.');
  addFlags(command, API_OPTIONS);
  addConfigFlag(command, OTHER_FILE);
  command.option('--json', 'Print one JSON object per line.');
  command.action(async () => {
    const { api, values } = await connect(command, API_OPTIONS);
    const options = command.opts<{ json?: true }>();
    const line = ({ id, name, expires_at: until }: ApiAccessToken) => `${id}  ${name}  until ${until}`;
    await sayEach(chosen(await api.tunnels(), values.name), (name) => api.accessTokens(name), {
      ...options,
      line,
      none: 'There is no access token.',
    });
  });
}

function addRevokeCommand(parent: Command): void {
  const command = parent
    .command('revoke')
    .description('Take an access token back: what it has open ends at once.')
    .argument('<id>', 'The id that "postern access-token list" shows.');
  addFlags(command, API_OPTIONS);
  addConfigFlag(command, OTHER_FILE);
  command.action(async (id: string) => {
    if (!/^[0-9a-f]{12}$/.test(id))
      throw new CommandError(
        `that is not the id of an access token: "postern access-token list" shows them.`,
        EXIT.usage,
      );
    const { api, values } = await connect(command, API_OPTIONS);
    for (const tunnel of chosen(await api.tunnels(), values.name)) {
      if (!(await api.revokeAccessToken(tunnel.name, id))) continue;
      say(`${id} no longer opens ${tunnel.url}`);
      return;
    }
    throw new CommandError(`no tunnel of yours has an access token ${quoted(id)}.`);
  });
}
