/** The agent that a service runs, from what was asked for on the command line: nothing of it depends on this terminal any more. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { AgentConfig } from '../../config/agent-config.js';
import { fileKeyOf, flagOf, type OptionTable } from '../../config/options.js';
import { CommandError } from '../process/exit.js';
import { ownName } from '../process/own-name.js';
import type { PlannedFile, ServiceAgent } from './plan.js';

export interface Asked {
  readonly config: AgentConfig;
  /** As it was typed: a tunnel of the file, a port, a URL and an absolute path mean the same everywhere. */
  readonly target: string;
  readonly table: OptionTable;
  /** By the key of their option. */
  readonly flags: Readonly<Record<string, string | undefined>>;
  /** The file of `--config`. */
  readonly configPath: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly configHome: string;
  /** Node and the script that this process runs. */
  readonly program: readonly string[];
  readonly folder: string;
}

// What makes a difference to the route to the edge. A service does not inherit it.
const PASSED_ON = ['HTTPS_PROXY', 'https_proxy', 'NO_PROXY', 'no_proxy', 'NODE_EXTRA_CA_CERTS', 'XDG_CONFIG_HOME'];

/** With the file of its token if that has to be written. */
export function agentOf(asked: Asked): {
  readonly agent: ServiceAgent;
  readonly tokenFile: PlannedFile | undefined;
  readonly notes: readonly string[];
} {
  const { config, configHome, env, folder } = asked;
  const name = config.name ?? ownName(folder, config.token);
  if (name === undefined) throw new CommandError('the service needs a name: choose one of the token with --name.');
  const envPath = join(configHome, 'postern', `service-${name}.env`);
  const passed = PASSED_ON.flatMap((key) => (env[key] ? [[key, env[key]] as const] : []));
  const secret = passed.filter(([, value]) => hasCredentials(value));
  const { path: tokenPath, file: tokenFile } = tokenOf(asked, name);
  const agent: ServiceAgent = {
    name,
    command: [...asked.program, 'http', asked.target, '--edge', config.edge, '--name', name, ...otherFlags(asked)],
    tokenPath,
    env: Object.fromEntries(passed.filter((entry) => !secret.includes(entry))),
    envPath,
  };
  for (const text of [...agent.command, tokenPath ?? '', envPath, ...Object.values(agent.env)])
    if (/[\0\r\n]/.test(text)) throw new CommandError('a path or a value with a line end cannot be part of a service.');
  const notes = secret.map(([key]) => `${key} holds a password, so it is left out: write it to ${envPath}, mode 0600`);
  return { agent, tokenFile, notes };
}

function otherFlags({ table, flags, configPath, folder }: Asked): string[] {
  const words = Object.entries(table).flatMap(([key, option]) => {
    const text = flags[fileKeyOf(key, option)];
    if (text === undefined || option.positional || option.secret || key === 'edge' || key === 'name') return [];
    if (option.isSwitch) return [flagOf(key, option)];
    return [flagOf(key, option), isFile(key) ? resolve(folder, text) : text];
  });
  return configPath === undefined ? words : [...words, '--config', resolve(folder, configPath)];
}

function isFile(key: string): boolean {
  return key === 'target_ca' || key === 'on_knock';
}

/** The file that holds the token. One that is in the environment only is written to a file of its own. */
function tokenOf(
  { config, flags, env, configHome, folder }: Asked,
  name: string,
): { readonly path?: string; readonly file?: PlannedFile } {
  if (config.isSignedIn) return {};
  const named = flags['token_file'] ?? (env['POSTERN_TOKEN'] ? undefined : env['POSTERN_TOKEN_FILE']);
  if (named !== undefined && named !== '-')
    return { path: named.startsWith('~/') ? join(homedir(), named.slice(2)) : resolve(folder, named) };
  if (named === undefined && !env['POSTERN_TOKEN']) return {}; // the developer's file names one
  const path = join(configHome, 'postern', `service-${name}.token`);
  return { path, file: { path, text: `${config.token}\n`, mode: 0o600, isSecret: true } };
}

function hasCredentials(text: string): boolean {
  if (!URL.canParse(text)) return text.includes('@');
  const { username, password } = new URL(text);
  return username !== '' || password !== '';
}
