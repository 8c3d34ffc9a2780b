/** `postern allow` and `revoke`: who may open a tunnel, changed while it runs. */
import type { Command } from 'commander';
import { ALLOW_OPTIONS, API_OPTIONS } from '../../config/api-config.js';
import { addConfigFlag, addFlags } from '../process/flags.js';
import { allow, checkRule, notGranted, revoke } from '../process/granting.js';
import { chosen, connect, OTHER_FILE, onlyOne, say } from './own-tunnels.js';

const RULE = 'A person by email address, or a rule such as @acme.com or group:eng.';

/** Adds `postern allow`. */
export function addAllowCommand(program: Command): void {
  const command = program
    .command('allow')
    .description('Let somebody open a tunnel of yours, from their next request on.')
    .argument('<rule>', RULE);
  addFlags(command, ALLOW_OPTIONS);
  addConfigFlag(command, OTHER_FILE);
  command.action(async (rule: string) => {
    checkRule(rule);
    const { api, values } = await connect(command, ALLOW_OPTIONS);
    const { for: duration } = command.opts<{ for?: string }>();
    say(await allow(api, onlyOne(await api.tunnels(), values.name), { rule, for: duration }));
  });
}

/** Adds `postern revoke`. */
export function addRevokeCommand(program: Command): void {
  const command = program
    .command('revoke')
    .description('Shut somebody out of your tunnels at once, or take back a rule that was granted.')
    .argument('<rule>', RULE);
  addFlags(command, API_OPTIONS);
  addConfigFlag(command, OTHER_FILE);
  command.action(async (rule: string) => {
    checkRule(rule);
    const { api, values } = await connect(command, API_OPTIONS);
    const tunnels = chosen(await api.tunnels(), values.name);
    const lines = await Promise.all(tunnels.map((tunnel) => revoke(api, tunnel, rule)));
    const done = lines.filter((line) => line !== undefined);
    if (done.length === 0) throw notGranted(rule);
    for (const line of done) say(line);
  });
}
