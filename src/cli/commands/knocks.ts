/** `postern knocks`: who asks to be let in, and `allow` or `deny` for one of them. */
import type { Command } from 'commander';
import { ALLOW_OPTIONS, API_OPTIONS } from '../../config/api-config.js';
import { quoted } from '../../config/text.js';
import { canonicalEmail } from '../../core/rule.js';
import type { ApiClient } from '../process/api-client.js';
import type { ApiKnock, ApiTunnel } from '../process/api-types.js';
import { CommandError } from '../process/exit.js';
import { addConfigFlag, addFlags } from '../process/flags.js';
import { chosen, connect, OTHER_FILE, say, sayEach } from './own-tunnels.js';

const WHO = 'The id that "postern knocks" shows, or the email address.';

/** Adds `postern knocks`, with `allow` and `deny`. */
export function addKnocksCommand(program: Command): void {
  const command = program
    .command('knocks')
    .description('List who asks to be let in, or let one of them in or not.')
    .enablePositionalOptions(); // the flags behind "allow" are its own
  addFlags(command, API_OPTIONS);
  addConfigFlag(command, OTHER_FILE);
  command.option('--json', 'Print one JSON object per line.');
  command.action(async () => {
    const { api, values } = await connect(command, API_OPTIONS);
    const options = command.opts<{ json?: true }>();
    await sayEach(chosen(await api.tunnels(), values.name), (name) => api.knocks(name), {
      ...options,
      line: describe,
      none: 'Nobody asks to be let in.',
    });
  });
  addAllowCommand(command);
  addDenyCommand(command);
}

function addAllowCommand(parent: Command): void {
  const command = parent.command('allow').description('Let in one who asks.').argument('<who>', WHO);
  addFlags(command, ALLOW_OPTIONS);
  addConfigFlag(command, OTHER_FILE);
  command.action(async (who: string) => {
    const { api, values } = await connect(command, ALLOW_OPTIONS);
    const { for: duration } = command.opts<{ for?: string }>();
    const body = { answer: 'allow', ...(duration !== undefined && { for: duration }) } as const;
    const limit = duration === undefined ? '' : ` for ${duration}`;
    for (const { knock, url } of await settle(api, chosen(await api.tunnels(), values.name), who, body))
      say(`${knock.email} may open ${url}${limit}`);
  });
}

function addDenyCommand(parent: Command): void {
  const command = parent
    .command('deny')
    .description('Drop the request of one who asks, and others of this person for an hour.')
    .argument('<who>', WHO);
  addFlags(command, API_OPTIONS);
  addConfigFlag(command, OTHER_FILE);
  command.action(async (who: string) => {
    const { api, values } = await connect(command, API_OPTIONS);
    const tunnels = chosen(await api.tunnels(), values.name);
    for (const { knock, url } of await settle(api, tunnels, who, { answer: 'deny' }))
      say(`${knock.email} was not let in to ${url}`);
  });
}

/** Settles the requests of this id or address; throws when there is none. */
async function settle(
  api: ApiClient,
  tunnels: readonly ApiTunnel[],
  who: string,
  body: { answer: 'allow' | 'deny'; for?: string },
): Promise<readonly { readonly knock: ApiKnock; readonly url: string }[]> {
  const email = canonicalEmail(who);
  const done: { readonly knock: ApiKnock; readonly url: string }[] = [];
  for (const { name, url } of tunnels) {
    const meant = (await api.knocks(name)).filter((knock) => knock.id === who || knock.email === email);
    for (const knock of meant) {
      await api.answer(name, knock.id, body);
      done.push({ knock, url });
    }
  }
  if (done.length > 0) return done;
  throw new CommandError(`${quoted(who)} asks for no tunnel of yours: "postern knocks" lists who does.`);
}

function describe({ id, email, at, message }: ApiKnock): string {
  return `${id}  ${email}  ${at}${message === '' ? '' : `: ${message}`}`;
}
