/** Every environment variable of every command: one that none of them has is mistyped. */
import { AGENT_OPTIONS } from './agent-options.js';
import { EDGE_OPTIONS } from './edge-options.js';
import { envNames } from './options.js';

export const KNOWN_ENV_NAMES: ReadonlySet<string> = new Set([...envNames(EDGE_OPTIONS), ...envNames(AGENT_OPTIONS)]);
