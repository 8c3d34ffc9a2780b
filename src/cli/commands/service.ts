/** `postern service`: an agent that starts with the session of its developer, and not in a terminal. */
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { loadAgentConfig } from '../../config/agent-config.js';
import { AGENT_OPTIONS, TUNNEL_OPTIONS } from '../../config/agent-options.js';
import { quoted } from '../../config/text.js';
import { isTunnelName } from '../../core/hostname.js';
import { CommandError, EXIT } from '../process/exit.js';
import { addConfigFlag, addFlags, givenFlags } from '../process/flags.js';
import { readAgentSources } from '../process/sources.js';
import { agentOf } from '../service/agent-of.js';
import { carryOut, isOurs, remove, runCommand, succeeds } from '../service/carry-out.js';
import { findPlaces, serviceNames } from '../service/installed.js';
import type { Plan } from '../service/plan.js';
import { type Places, type ServicePlatform, servicePlatform, windowsText } from '../service/platforms.js';
import { OTHER_FILE, say } from './own-tunnels.js';

const { notify: _notify, ...OF_AGENT } = AGENT_OPTIONS;

const OPTIONS = { ...OF_AGENT, ...TUNNEL_OPTIONS };

const DRY_RUN = 'Print what would be written and run, and do neither.';

/** Adds the command to the program. */
export function addServiceCommand(program: Command): void {
  const service = program
    .command('service')
    .description('Run the agent of a tunnel as a service of yours, without a terminal.');
  addInstall(service);
  addRemove(service);
}

function addInstall(service: Command): void {
  const command = service
    .command('install')
    .description('Write the service of a tunnel (systemd, launchd), and start it.')
    .argument('<target>', TUNNEL_OPTIONS.target.description);
  addFlags(command, OPTIONS);
  addConfigFlag(command, OTHER_FILE);
  command.option('--dry-run', DRY_RUN);
  command.action((target: string, { config: configPath, dryRun }: { config?: string; dryRun?: true }) => {
    const flags = givenFlags(command, OPTIONS);
    const config = loadAgentConfig(readAgentSources({ ...flags, target }, configPath));
    const places = findPlaces();
    const program = [process.execPath, resolve(process.argv[1] ?? '')];
    const { agent, tokenFile, notes } = agentOf({
      ...{ config, target, table: OPTIONS, flags, configPath, program },
      ...{ env: process.env, configHome: places.configHome, folder: process.cwd() },
    });
    const platform = servicePlatform(process.platform);
    if (platform === undefined) return say(windowsText(agent));
    const { text, ...rest } = platform.install(agent, places);
    const file = { path: pathOf(platform, agent.name, places), text, mode: 0o644 };
    const files = tokenFile === undefined ? [file] : [tokenFile, file];
    const plan: Plan = { ...rest, files, notes: [...notes, ...rest.notes] };
    if (dryRun) return show(plan);
    checkUser(platform);
    isOurs(file.path);
    carryOut(plan, say);
    for (const note of plan.notes) say(note);
  });
}

function addRemove(service: Command): void {
  const command = service
    .command('remove')
    .description('Stop the service of a tunnel, and remove what was written for it.')
    .argument('[name]', 'The name of the tunnel; without it the only service that there is.');
  command.option('--dry-run', DRY_RUN);
  command.action((given: string | undefined, { dryRun }: { dryRun?: true }) => {
    const platform = servicePlatform(process.platform);
    if (platform === undefined) return say('schtasks /delete /tn postern-NAME');
    const places = findPlaces();
    const name = given ?? onlyName(platform);
    if (!isTunnelName(name)) throw new CommandError(`${quoted(name)} is no name of a tunnel.`, EXIT.usage);
    const path = pathOf(platform, name, places);
    const { before, after } = platform.remove(name, places);
    const files = [path, join(places.configHome, 'postern', `service-${name}.token`)];
    if (dryRun) {
      for (const { words } of before) say(`would run: ${words.join(' ')}`);
      for (const file of files) say(`would remove ${file}`);
      for (const { words } of after) say(`would run: ${words.join(' ')}`);
      return;
    }
    if (!isOurs(path)) return say(`there is no service of ${name}.`);
    checkUser(platform);
    for (const planned of before) runCommand(planned);
    for (const file of files) if (remove(file)) say(`removed ${file}`);
    for (const planned of after) runCommand(planned);
  });
}

function show({ files, commands, notes }: Plan): void {
  for (const { path, text, mode, isSecret } of files) {
    say(`would write ${path} (mode ${mode.toString(8).padStart(4, '0')}):`);
    for (const line of isSecret ? ['(the token)'] : text.trimEnd().split('\n')) say(`  ${line}`);
  }
  for (const { words } of commands) say(`would run: ${words.join(' ')}`);
  for (const note of notes) say(note);
}

/** Throws `CommandError` where this user can have no services. */
function checkUser({ probe }: ServicePlatform): void {
  if (process.getuid?.() === 0)
    throw new CommandError(
      'this is the service of a person: run it as the one whose server it is, not as root. Units for a machine are in docs/deployment.md.',
    );
  if (probe === undefined || succeeds(probe)) return;
  throw new CommandError(
    `services of a user do not run here ("${probe.join(' ')}" fails): log in as that user, by SSH or at the machine, rather than with su or sudo.`,
  );
}

function pathOf(platform: ServicePlatform, name: string, places: Places): string {
  return join(platform.folder(places), platform.fileName(name));
}

function onlyName(platform: ServicePlatform): string {
  const [name, ...others] = serviceNames(platform);
  if (name === undefined) throw new CommandError('there is no service of Postern.');
  if (others.length === 0) return name;
  throw new CommandError(`there are several services: name one of ${[name, ...others].join(', ')}.`, EXIT.usage);
}
