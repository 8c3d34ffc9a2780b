/**
 * The edge and the token of an agent, or of a command that calls the API: as options, or from what `postern login` has left on
 * this machine. An option takes precedence.
 */
import { AGENT_OPTIONS } from './agent-options.js';
import { ConfigError } from './config-error.js';
import { type Layers, readOptions } from './resolve.js';
import { SignInNeeded } from './sign-in-needed.js';
import type { SignIns } from './sources.js';

/** What is missing after a problem is undefined. */
export interface Connection {
  readonly edge: string | undefined;
  readonly token: string | undefined;
  /** The token is that of a sign-in, which renews it. */
  readonly isSignedIn: boolean;
}

/** Reads both. Without `signIns` there must be options for both. */
export function readConnection(layers: Layers, signIns: SignIns | undefined, problems: string[]): Connection {
  const complete = withLastEdge(layers, signIns);
  const edge = readEdge(layers, signIns, problems);
  const { required, ...optional } = AGENT_OPTIONS.token;
  const mayBeSignedIn = signIns !== undefined && isEdgeSet(complete);
  const before = problems.length;
  const { token } = readOptions({ token: mayBeSignedIn ? optional : { ...optional, required } }, layers, problems);
  const isUnset = token === undefined && problems.length === before;
  if (!isUnset || signIns === undefined || edge === undefined) return { edge, token, isSignedIn: false };
  return { edge, token: signIns.tokenOf(edge), isSignedIn: true };
}

/** The edge alone. */
export function readEdge(layers: Layers, signIns: SignIns | undefined, problems: string[]): string | undefined {
  return readOptions({ edge: AGENT_OPTIONS.edge }, withLastEdge(layers, signIns), problems).edge;
}

// Read only when it counts: the file of the sign-ins may be faulty.
function withLastEdge(layers: Layers, signIns: SignIns | undefined): Layers {
  const last = isEdgeSet(layers) ? undefined : signIns?.lastEdge();
  return last === undefined ? layers : withEdge(layers, last);
}

/** Throws for problems, and `SignInNeeded` when a token is all that is missing. */
export function checkConnection({ edge, token }: Connection, isFileBroken: boolean, problems: readonly string[]): void {
  const isMissing = edge !== undefined && token === undefined && !isFileBroken;
  if (isMissing && problems.length === 0) throw new SignInNeeded(sentenceFor(edge));
  if (problems.length > 0) throw new ConfigError(problems);
}

function isEdgeSet({ flags, environments, file }: Layers): boolean {
  if (flags['edge'] !== undefined || file.has('edge')) return true;
  return environments.some((entries) => entries.has(AGENT_OPTIONS.edge.env));
}

// The file is the weakest source, and does not name an edge.
function withEdge(layers: Layers, text: string): Layers {
  return { ...layers, file: new Map([...layers.file, ['edge', { text, origin: 'the edge of the last sign-in' }]]) };
}

function sentenceFor(edge: string): string {
  return `there is no sign-in for this edge: run "postern login ${edge}", or set ${AGENT_OPTIONS.token.env} (or ${AGENT_OPTIONS.token.env}_FILE).`;
}
