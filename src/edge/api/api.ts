/** The HTTP API below `/.postern/api/v1` of the base host: what terminal, pages and scripts work with. `docs/api.md` describes it. */
import type { RouteTable } from '../routes/route.js';
import { type AccessTokenApiOptions, accessTokenApi } from './access-tokens.js';
import { type AgentApiOptions, agentApi } from './agents.js';
import { type AssertionApiOptions, assertionApi } from './assertions.js';
import { type ClientApiOptions, clientApi } from './clients.js';
import { EventApi, type EventApiOptions } from './events.js';
import { type EveryoneApiOptions, everyoneApi } from './everyone.js';
import { type InviteApiOptions, inviteApi } from './invites.js';
import { type KnockApiOptions, knockApi } from './knocks.js';
import { type PeopleApiOptions, peopleApi } from './people.js';
import { type TokenApiOptions, tokenApi } from './tokens.js';
import { type TunnelApiOptions, tunnelApi } from './tunnels.js';

export type ApiOptions = EventApiOptions &
  TunnelApiOptions &
  KnockApiOptions &
  InviteApiOptions &
  PeopleApiOptions &
  AccessTokenApiOptions &
  AssertionApiOptions &
  ClientApiOptions &
  AgentApiOptions &
  TokenApiOptions &
  EveryoneApiOptions;

export interface Api {
  readonly routes: RouteTable;
  /** Looks whether the readers of the streams of events may still read. */
  review(): void;
  /** Ends the streams of events. */
  close(): void;
}

const PREFIX = '/.postern/api/v1';

export function createApi(options: ApiOptions): Api {
  const events = new EventApi(options);
  return {
    routes: [
      ...tunnelApi(PREFIX, options),
      ...knockApi(PREFIX, options),
      ...inviteApi(PREFIX, options),
      ...peopleApi(PREFIX, options),
      ...accessTokenApi(PREFIX, options),
      ...assertionApi(PREFIX, options),
      ...clientApi(PREFIX, options),
      ...agentApi(PREFIX, options),
      ...tokenApi(PREFIX, options),
      ...everyoneApi(PREFIX, options),
      ...events.routes(PREFIX),
    ],
    review: () => events.review(),
    close: () => events.close(),
  };
}
