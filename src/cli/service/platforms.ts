/** How each system installs and removes the service of a tunnel. Pure: a plan is made, and carried out elsewhere. */
import { join } from 'node:path';
import type { Plan, PlannedCommand, ServiceAgent } from './plan.js';
import { label, plistText } from './plist.js';
import { unitText } from './unit.js';

/** Where things are for this user. */
export interface Places {
  readonly home: string;
  /** `$XDG_CONFIG_HOME`, or what it is by default. */
  readonly configHome: string;
  readonly uid: number;
}

export interface ServicePlatform {
  /** A command that succeeds where services of this user can run; undefined where they always can. */
  readonly probe?: readonly string[];
  /** Where the files of services are. */
  folder(places: Places): string;
  fileName(name: string): string;
  /** The name of the service whose file this is. */
  nameIn(fileName: string): string | undefined;
  install(agent: ServiceAgent, places: Places): Omit<Plan, 'files'> & { readonly text: string };
  /** The commands before the file is removed, and after it. */
  remove(name: string, places: Places): { readonly before: Plan['commands']; readonly after: Plan['commands'] };
}

const systemctl = (...words: readonly string[]): PlannedCommand => ({ words: ['systemctl', '--user', ...words] });

const SYSTEMD: ServicePlatform = {
  probe: systemctl('show-environment').words,
  folder: ({ configHome }) => join(configHome, 'systemd', 'user'),
  fileName: (name) => `postern-${name}.service`,
  nameIn: (fileName) => /^postern-(.+)\.service$/.exec(fileName)?.[1],
  install: (agent) => {
    const unit = SYSTEMD.fileName(agent.name);
    return {
      text: unitText(agent),
      commands: [systemctl('daemon-reload'), systemctl('enable', unit), systemctl('restart', unit)],
      commandsIfUnchanged: [systemctl('enable', '--now', unit)],
      notes: [
        `What it prints: journalctl --user -u ${unit}`,
        'It ends when you log out, unless you have typed once: loginctl enable-linger',
      ],
    };
  },
  remove: (name) => ({
    before: [systemctl('disable', '--now', SYSTEMD.fileName(name))],
    after: [systemctl('daemon-reload')],
  }),
};

const LAUNCHD: ServicePlatform = {
  folder: ({ home }) => join(home, 'Library', 'LaunchAgents'),
  fileName: (name) => `${label(name)}.plist`,
  nameIn: (fileName) => /^dev\.postern\.(.+)\.plist$/.exec(fileName)?.[1],
  install: (agent, places) => {
    const logPath = join(places.home, 'Library', 'Logs', `postern-${agent.name}.log`);
    const path = join(LAUNCHD.folder(places), LAUNCHD.fileName(agent.name));
    const start: PlannedCommand = { words: ['launchctl', 'bootstrap', `gui/${places.uid}`, path] };
    return {
      text: plistText(agent, logPath),
      commands: [{ ...bootOut(agent.name, places), mayFail: true }, start],
      commandsIfUnchanged: [{ ...start, mayFail: true }],
      notes: [`What it prints: ${logPath}`],
    };
  },
  remove: (name, places) => ({ before: [{ ...bootOut(name, places), mayFail: true }], after: [] }),
};

function bootOut(name: string, { uid }: Places): PlannedCommand {
  return { words: ['launchctl', 'bootout', `gui/${uid}/${label(name)}`] };
}

/** The services of a system; undefined where there are none that Postern knows. */
export function servicePlatform(platform: NodeJS.Platform): ServicePlatform | undefined {
  return { linux: SYSTEMD, darwin: LAUNCHD }[platform as string];
}

/** What a person types on Windows. */
export function windowsText({ name, command, tokenPath }: ServiceAgent): string {
  const words = tokenPath === undefined ? command : [...command, '--token-file', tokenPath];
  const line = words.map((text) => `\\"${text.replaceAll('"', '')}\\"`).join(' ');
  return `schtasks /create /tn postern-${name} /sc onlogon /rl limited /tr "${line}"`;
}
