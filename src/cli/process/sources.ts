/** Reads the sources of options from the system: the environment, `.env`, YAML files, files that hold a secret. */
import { readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { readAgentFile } from '../../config/agent-file.js';
import { ConfigError } from '../../config/config-error.js';
import type { Sources, TextFile } from '../../config/sources.js';
import { quoted } from '../../config/text.js';
import type { TunnelsSources } from '../../config/tunnels-config.js';
import { Credentials } from './credentials.js';
import { systemError } from './exit.js';
import { readSecretFile, readTokenFile, warnIfShared } from './secret-file.js';

/** The tunnels of a project, in its folder. */
export const PROJECT_FILE = 'postern.yaml';

// A secret in the file itself, `.env` or YAML; the name of a path ends in `_FILE` or `_file`.
const HOLDS_SECRET =
  /^\s*(?:export\s+)?(?:POSTERN_(?:\w+_CLIENT_)?(?:SECRET|CLIENT_KEY|ACME_EAB_KEY)\s*=|(?:\w+_)?(?:secret|client_key|eab_key)\s*:)\s*["']?[^\s"'#]/m;

/** The sources of an edge: `.env` of the working directory, and the file of `--config`. */
export function readEdgeSources(flags: Sources['flags'], configPath: string | undefined): Sources {
  const dotenv = readOptional('.env');
  const file = configPath === undefined ? undefined : readRequired(configPath);
  for (const source of [dotenv, file]) {
    if (source !== undefined && HOLDS_SECRET.test(source.text)) warnIfShared(source.path);
  }
  return {
    env: process.env,
    flags,
    ...(dotenv === undefined ? {} : { dotenv }),
    ...(file === undefined ? {} : { file }),
    readSecretFile,
  };
}

/** Whether the environment or the `.env` of the working directory configures an edge. */
export function isEdgeConfigured(): boolean {
  if (process.env['POSTERN_SECRET'] || process.env['POSTERN_SECRET_FILE']) return true;
  try {
    return /^\s*(?:export\s+)?POSTERN_(?:URL|SECRET|OIDC_)/m.test(readOptional('.env')?.text ?? '');
  } catch {
    return false; // it cannot be read: nothing is known of it
  }
}

/** The sources of an agent: the file of `--config`, else the developer's own where there is one, and the sign-ins. */
export function readAgentSources(flags: Sources['flags'], configPath: string | undefined): Sources {
  const file = configPath === undefined ? readOptional(agentConfigPath()) : readRequired(configPath);
  const signIns = new Credentials();
  return { env: process.env, flags, ...(file === undefined ? {} : { file }), readSecretFile: readTokenFile, signIns };
}

/** Those of several tunnels: `postern.yaml` of the working directory beside the developer's own file, or the file of `--config` alone. */
export function readTunnelsSources(flags: Sources['flags'], configPath: string | undefined): TunnelsSources {
  const sources = readAgentSources(flags, configPath);
  const project = configPath === undefined ? readOptional(PROJECT_FILE) : undefined;
  return project === undefined ? sources : { ...sources, project };
}

/** The paths of those files, whether or not they are there. */
export function tunnelsFilePaths(configPath: string | undefined): readonly string[] {
  return configPath === undefined ? [PROJECT_FILE, agentConfigPath()] : [configPath];
}

/** Whether the developer's file has a tunnel of this name. Problems of the file are reported when its options are read. */
export function isTunnelOfFile(name: string, configPath: string | undefined): boolean {
  try {
    const file = configPath === undefined ? readOptional(agentConfigPath()) : readRequired(configPath);
    return readAgentFile(file, []).tunnels.has(name);
  } catch {
    return false; // the file cannot be read: the name is treated as a mistyped command
  }
}

/** The path of the developer's own file: that of `--config`, else the usual one, whether or not there is one. */
export function agentFilePath(configPath: string | undefined): string {
  return configPath ?? agentConfigPath();
}

function agentConfigPath(): string {
  const { XDG_CONFIG_HOME: configured } = process.env;
  return join(configured?.startsWith('/') ? configured : join(homedir(), '.config'), 'postern', 'config.yaml');
}

function readOptional(path: string): TextFile | undefined {
  try {
    return { path, text: readFileSync(path, 'utf8') };
  } catch (error) {
    const code = systemError(error)?.code;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new ConfigError([`${path} cannot be read (${code}): expected a text file.`]);
  }
}

/** A file that a person has named. Throws `ConfigError` when it cannot be read. */
export function readRequired(path: string): TextFile {
  const file = readOptional(path);
  if (file !== undefined) return file;
  throw new ConfigError([`there is no file ${quoted(path)}; expected the path of a YAML file.`]);
}
