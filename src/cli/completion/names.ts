/**
 * The names that a shell completes while a person types: tunnels, people, edges. Bounded in time and number, and silent when there
 * is nothing to say: a person who presses Tab wants no error.
 */

import { readAgentFile } from '../../config/agent-file.js';
import { API_OPTIONS, loadApiConfig } from '../../config/api-config.js';
import { ApiClient } from '../process/api-client.js';
import { Credentials } from '../process/credentials.js';
import { readAgentSources, readTunnelsSources } from '../process/sources.js';
import { serviceNames } from '../service/installed.js';
import type { LiveKind } from './tree.js';

const MAX_NAMES = 500;

// Of people are asked for the tunnels of one person; more are not typed by name.
const MAX_TUNNELS = 5;

// No name has a white space, a control or a mark that changes a terminal; one with a hyphen in front would be a flag.
const COMPLETABLE = /^(?!-)[^\p{C}\p{Z}]{1,254}$/u;

/** The names of a kind for a command line of these words. Rejects when there is no edge, no sign-in or no response. */
export async function liveNames(kind: LiveKind, words: readonly string[]): Promise<readonly string[]> {
  const names = await FINDERS[kind](words);
  return [...new Set(names)].filter((name) => COMPLETABLE.test(name)).slice(0, MAX_NAMES);
}

const FINDERS: Readonly<Record<LiveKind, (words: readonly string[]) => Promise<readonly string[]>>> = {
  tunnels: async (words) => (await connect(words).tunnels()).map(({ name }) => name),
  targets: async (words) => {
    const { file } = readAgentSources({}, flagIn(words, '--config'));
    return [...readAgentFile(file, []).tunnels.keys()];
  },
  described: async (words) => {
    const { file, project } = readTunnelsSources({}, flagIn(words, '--config'));
    const files = [readAgentFile(project, [], 'project'), readAgentFile(file, [])];
    return files.flatMap(({ tunnels, groups }) => [...tunnels.keys(), ...groups.keys()]);
  },
  people: async (words) => {
    const api = connect(words);
    const name = flagIn(words, '--name');
    const tunnels = (await api.tunnels()).filter((tunnel) => name === undefined || tunnel.name === name);
    const people = await Promise.all(
      tunnels.slice(0, MAX_TUNNELS).map(({ name: tunnel }) => api.people(tunnel).catch(() => [])),
    );
    const granted = tunnels.flatMap(({ grants }) => grants.map(({ rule }) => rule));
    return [...people.flat().map(({ email }) => email), ...granted];
  },
  edges: async () => new Credentials().edges(),
  services: async () => serviceNames(),
};

/** With the token as it is: to renew one takes longer than a person waits for a completion. */
function connect(words: readonly string[]): ApiClient {
  const edge = flagIn(words, '--edge');
  const sources = readAgentSources(edge === undefined ? {} : { edge }, flagIn(words, '--config'));
  const config = loadApiConfig(API_OPTIONS, sources);
  return new ApiClient(config.edge, config.token);
}

function flagIn(words: readonly string[], flag: string): string | undefined {
  const joined = words.find((word) => word.startsWith(`${flag}=`));
  const at = words.indexOf(flag);
  return joined?.slice(flag.length + 1) ?? (at === -1 ? undefined : words[at + 1]);
}
