/**
 * The routes by which pages and programs look at exchanges and repeat them, and all that they need. Loaded with the first
 * request: most tunnels end without one, and it is a megabyte of an agent at rest.
 */
import type { Capture } from './capture.js';
import { exchangeRoutes } from './exchange-routes.js';
import type { InspectedTunnels } from './inspected-tunnels.js';
import { Masks } from './masks.js';
import { peopleRoutes } from './people-routes.js';
import { programRoutes } from './program-routes.js';
import { Replayer } from './replay.js';
import { replayRoutes } from './replay-routes.js';
import type { Route } from './route.js';

export interface ApiRoutesOptions {
  readonly capture: Capture;
  readonly tunnels: InspectedTunnels;
  /** Headers whose values are secret, besides those that are anywhere. */
  readonly redactedHeaders: readonly string[];
  readonly version: string;
}

export interface ApiRoutes {
  readonly routes: readonly Route[];
  /** Ends the replays that run. */
  close(): void;
}

export function openApiRoutes({ capture, tunnels, redactedHeaders, version }: ApiRoutesOptions): ApiRoutes {
  const masks = new Masks(redactedHeaders);
  const replayer = new Replayer({ capture, masks, tunnels });
  const shared = { capture, masks, tunnels, version, replayer };
  const { exchanges } = capture;
  return {
    routes: [
      ...exchangeRoutes(shared),
      ...replayRoutes(shared),
      ...programRoutes(shared),
      ...peopleRoutes({ exchanges, tunnels }),
    ],
    close: () => replayer.close(),
  };
}
