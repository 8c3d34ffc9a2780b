/** Fetches what options are read from out of the system: the environment, `.env`, YAML files, files that hold a secret. */
import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConfigError } from '../config/config-error.js';
import type { Sources, TextFile } from '../config/sources.js';
import { quoted } from '../config/text.js';
import { complain, systemError } from './exit.js';

// No secret and no token is near it; a path that names something else by mistake ends here.
const MOST_SECRET_FILE_BYTES = 65_536;

/** The sources of an edge: `.env` of the working directory, and the file of `--config`. */
export function edgeSources(flags: Sources['flags'], configPath: string | undefined): Sources {
  const dotenv = readOptional('.env');
  const file = configPath === undefined ? undefined : readNamed(configPath);
  return {
    env: process.env,
    flags,
    ...(dotenv === undefined ? {} : { dotenv }),
    ...(file === undefined ? {} : { file }),
    readSecretFile,
  };
}

/** The sources of an agent: the file of `--config`, else the developer's own where there is one. */
export function agentSources(flags: Sources['flags'], configPath: string | undefined): Sources {
  const file = configPath === undefined ? readOptional(agentConfigPath()) : readNamed(configPath);
  return { env: process.env, flags, ...(file === undefined ? {} : { file }), readSecretFile: readTokenFile };
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

function readNamed(path: string): TextFile {
  const file = readOptional(path);
  if (file !== undefined) return file;
  throw new ConfigError([`--config: there is no file ${quoted(path)}; expected the path of a YAML file.`]);
}

function readSecretFile(path: string): string {
  if (path === '-') return readFileSync(0, 'utf8');
  const real = path.startsWith('~/') ? join(homedir(), path.slice(2)) : path;
  if (statSync(real).size > MOST_SECRET_FILE_BYTES) throw new RangeError('the file is too large to be a secret');
  return readFileSync(real, 'utf8');
}

function readTokenFile(path: string): string {
  const text = readSecretFile(path);
  const status = path === '-' ? undefined : statSync(path.startsWith('~/') ? join(homedir(), path.slice(2)) : path);
  const shared = status?.isFile() && (status.mode & 0o077) !== 0 && process.platform !== 'win32';
  if (shared) complain(`warning: ${quoted(path)} can be read by others, who could open tunnels as you: chmod 600 it.`);
  return text;
}
