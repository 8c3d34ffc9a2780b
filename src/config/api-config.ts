/** What a command that calls the edge's API needs: the edge, and the token of its owner. */
import type { AgentConfig } from './agent-config.js';
import { readAgentFile } from './agent-file.js';
import { AGENT_OPTIONS } from './agent-options.js';
import { ConfigError } from './config-error.js';
import { readEnvironment } from './environment.js';
import type { OptionTable, ValuesOf } from './options.js';
import { readOptions } from './resolve.js';
import { checkConnection, readConnection, readEdge } from './sign-ins.js';
import type { Sources } from './sources.js';
import { parsed } from './value.js';
import { duration, email, tunnelName } from './values.js';

/** For a command that is about no tunnel. */
export const CONNECTION_OPTIONS = {
  edge: AGENT_OPTIONS.edge,
  token: AGENT_OPTIONS.token,
} as const satisfies OptionTable;

export const API_OPTIONS = {
  ...CONNECTION_OPTIONS,
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

export const TOKEN_LIFE_OPTIONS = {
  ...API_OPTIONS,
  for: { ...ALLOW_OPTIONS.for, description: 'For how long, such as 90d; 30d without it, 365d at most.' },
} as const satisfies OptionTable;

/** The most that the edge takes. */
const MAX_USES = 100;

export const INVITE_OPTIONS = {
  ...API_OPTIONS,
  for: {
    placeholder: '<duration>',
    description:
      'Link and access end after this time, such as 24h; without it the link after a week, the access when it is taken back.',
    schema: duration,
  },
  uses: {
    placeholder: '<count>',
    description: 'How many people may use the link: 1 to 100; without it one.',
    schema: parsed(
      (text) => (/^[1-9]\d{0,2}$/.test(text) && Number(text) <= MAX_USES ? Number(text) : undefined),
      `a number of people: expected 1 to ${MAX_USES}`,
    ),
  },
  email: {
    placeholder: '<address>',
    description: 'The one person it is for, by email address; without it anyone who has the link.',
    schema: email,
  },
} as const satisfies OptionTable;

/** The values of such a table, with the token of a sign-in where there is none among the options. */
export type ApiValues<Table extends typeof CONNECTION_OPTIONS> = ValuesOf<Table> &
  Pick<AgentConfig, 'edge' | 'token' | 'isSignedIn'>;

/** Reads such options from flags, environment and the developer's own file; throws `ConfigError` with every problem. */
export function loadApiConfig<Table extends typeof CONNECTION_OPTIONS>(
  table: Table,
  sources: Omit<Sources, 'dotenv'>,
): ApiValues<Table> {
  const problems: string[] = [];
  const layers = readLayers(sources, problems);
  const connection = readConnection(layers, sources.signIns, problems);
  const { edge: _edge, token: _token, ...others }: OptionTable = table;
  const values = { ...readOptions(others, layers, problems), ...connection };
  checkConnection(connection, layers.isFileBroken, problems);
  return values as ApiValues<Table>; // without problems nothing is missing
}

/** The edge alone, for a program that has a token of its own. Throws `ConfigError`. */
export function loadEdge(sources: Omit<Sources, 'dotenv'>): string {
  const problems: string[] = [];
  const edge = readEdge(readLayers(sources, problems), sources.signIns, problems);
  if (edge === undefined || problems.length > 0) throw new ConfigError(problems);
  return edge;
}

function readLayers(sources: Omit<Sources, 'dotenv'>, problems: string[]) {
  const file = readAgentFile(sources.file, problems);
  return {
    flags: sources.flags,
    environments: [readEnvironment(sources.env, problems)],
    file: file.agent,
    isFileBroken: file.isBroken,
    readSecretFile: sources.readSecretFile,
  };
}
