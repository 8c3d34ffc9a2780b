/** `postern invite` and `invites`: links with which people let themselves in to a tunnel. */
import type { Command } from 'commander';
import { API_OPTIONS, INVITE_OPTIONS } from '../../config/api-config.js';
import { quoted } from '../../config/text.js';
import type { ApiClient } from '../process/api-client.js';
import type { ApiInvite, ApiTunnel } from '../process/api-types.js';
import { CommandError } from '../process/exit.js';
import { addConfigFlag, addFlags } from '../process/flags.js';
import { chosen, connect, OTHER_FILE, onlyOne, say, sayEach } from './own-tunnels.js';

/** Adds `postern invite`. */
export function addInviteCommand(program: Command): void {
  const command = program
    .command('invite')
    .description('Print a link with which the first who sign in may open a tunnel of yours.');
  addFlags(command, INVITE_OPTIONS);
  addConfigFlag(command, OTHER_FILE);
  command.option('--qr', 'Print the link as a QR code as well.');
  command.action(async () => {
    const { api, values } = await connect(command, INVITE_OPTIONS);
    const { for: duration, qr } = command.opts<{ for?: string; qr?: true }>();
    const tunnel = onlyOne(await api.tunnels(), values.name);
    const body = { for: duration, uses: values.uses, email: values.email };
    const { url } = await api.invite(tunnel.name, body);
    say(url);
    if (qr) await printQrCode(url);
  });
}

/** Adds `postern invites`. */
export function addInvitesCommand(program: Command): void {
  const command = program.command('invites').description('List the invites to your tunnels, or end one.');
  addFlags(command, API_OPTIONS);
  addConfigFlag(command, OTHER_FILE);
  command.option('--json', 'Print one JSON object per line.');
  command.option('--revoke <id>', 'End the link of this invite; whom it has let in stays.');
  command.action(async () => {
    const { api, values } = await connect(command, API_OPTIONS);
    const { revoke, ...options } = command.opts<{ json?: true; revoke?: string }>();
    const tunnels = chosen(await api.tunnels(), values.name);
    if (revoke !== undefined) return revokeIn(api, tunnels, revoke);
    await sayEach(tunnels, (name) => api.invites(name), { ...options, line: describe, none: 'There is no invite.' });
  });
}

function describe({ id, uses, used, email, expires_at: until, access_expires_at: accessUntil }: ApiInvite): string {
  const whom = email === null ? '' : `  for ${email}`;
  const access = accessUntil === null ? '' : ', and the access with it';
  return `${id}${whom}  used ${used} of ${uses}  until ${until}${access}`;
}

async function revokeIn(api: ApiClient, tunnels: readonly ApiTunnel[], id: string): Promise<void> {
  for (const { name, url } of tunnels) {
    if (await api.revokeInvite(name, id)) return say(`the invite ${id} to ${url} has ended`);
  }
  throw new CommandError(`you have no invite ${quoted(id)}: "postern invites" lists those that there are.`);
}

async function printQrCode(link: string): Promise<void> {
  const { qrLines } = await import('../output/qr-code.js'); // here, so that only who asks for it loads it
  const coloured = process.stdout.isTTY === true && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
  process.stdout.write(`${qrLines(link, coloured).join('\n')}\n`);
}
