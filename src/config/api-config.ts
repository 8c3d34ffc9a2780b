/** What a command that calls the edge's API needs: the edge, and the token of its owner. */
import { readAgentFile } from './agent-file.js';
import { AGENT_OPTIONS } from './agent-options.js';
import { ConfigError } from './config-error.js';
import { readEnvironment } from './environment.js';
import type { OptionTable, ValuesOf } from './options.js';
import { readOptions } from './resolve.js';
import type { Sources } from './sources.js';
import { duration, tunnelName } from './values.js';

export const API_OPTIONS = {
  edge: AGENT_OPTIONS.edge,
  token: AGENT_OPTIONS.token,
  name: {
    placeholder: '<name>',
    description: 'The tunnel that it is about.',
    schema: tunnelName,
  },
} as const satisfies OptionTable;

export const ALLOW_OPTIONS = {
  ...API_OPTIONS,
  for: {
    placeholder: '<duration>',
    description: 'For how long, such as 8h; without it until it is taken back.',
    schema: duration,
  },
} as const satisfies OptionTable;

/** Reads such options from flags, environment and the developer's own file; throws `ConfigError` with every problem. */
export function loadApiConfig<Table extends typeof API_OPTIONS>(
  table: Table,
  sources: Omit<Sources, 'dotenv'>,
): ValuesOf<Table> {
  const problems: string[] = [];
  const file = readAgentFile(sources.file, problems);
  const layers = {
    flags: sources.flags,
    environments: [readEnvironment(sources.env, problems)],
    file: file.agent,
    isFileBroken: file.isBroken,
    readSecretFile: sources.readSecretFile,
  };
  const values = readOptions(table, layers, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return values as ValuesOf<Table>; // without problems nothing is missing
}
