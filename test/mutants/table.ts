/** All faults that the tests should notice: `npm run mutants`. */
import { AGENT } from './agent.js';
import { BOUNDS } from './bounds.js';
import { CLIENTS } from './clients.js';
import { CORE } from './core.js';
import { EDGE } from './edge.js';
import { ENGINE } from './engine.js';
import { DOOR } from './front-door.js';
import { INTEGRATIONS } from './integrations.js';
import { LINK } from './link.js';
import type { Mutant } from './mutant.js';
import { OAUTH } from './oauth.js';
import { PROVIDER } from './provider.js';
import { SESSIONS } from './sessions.js';
import { STORE } from './store.js';

export const MUTANTS: readonly Mutant[] = [
  ...ENGINE,
  ...LINK,
  ...SESSIONS,
  ...PROVIDER,
  ...CORE,
  ...EDGE,
  ...CLIENTS,
  ...OAUTH,
  ...BOUNDS,
  ...DOOR,
  ...AGENT,
  ...STORE,
  ...INTEGRATIONS,
];
