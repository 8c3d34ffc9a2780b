/** The API's route about who is here. */
import type { BaseAddress } from '../../core/hostname.js';
import type { Everyone } from '../people/everyone.js';
import type { Person } from '../people/presence.js';
import { listReply } from '../routes/paging.js';
import type { RouteTable } from '../routes/route.js';
import type { Callers } from './caller.js';
import { param } from './tunnels.js';

export interface PeopleApiOptions {
  readonly base: BaseAddress;
  readonly callers: Callers;
  readonly everyone: Everyone;
}

export function peopleApi(prefix: string, { base, callers, everyone }: PeopleApiOptions): RouteTable {
  return [
    [
      'get',
      `${prefix}/tunnels/:name/people`,
      async (visit, request) => {
        const { tunnel } = await callers.find(visit, param(request, 'name'));
        return listReply(base, visit, {
          name: 'people',
          items: await everyone.at(tunnel.name),
          positionOf: ({ sinceMs, arrival }) => [sinceMs, arrival],
          describe: describePerson,
        });
      },
    ],
  ];
}

/** A person at a tunnel, as the API and its events show them. */
export function describePerson({ email, rule, sinceMs, lastSeenMs, open }: Person) {
  return { email, rule, since: new Date(sinceMs).toISOString(), last_seen: new Date(lastSeenMs).toISOString(), open };
}
