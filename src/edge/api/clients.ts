/** The API's routes about OAuth clients that act for people at a tunnel: for its owner, and for each person their own. */
import type { Request } from 'express';
import type { BaseAddress } from '../../core/hostname.js';
import { PosternError } from '../../errors.js';
import type { ClientSignIn } from '../clients/client-sign-in.js';
import type { ClientSignIns } from '../clients/client-sign-ins.js';
import { fieldsOf } from '../clients/token-endpoint.js';
import type { Asker } from '../ops/events.js';
import type { Observer } from '../ops/observer.js';
import { emptyReply } from '../replies/reply.js';
import type { Reply, Visit } from '../request/visit.js';
import { type Listing, listReply } from '../routes/paging.js';
import type { RouteTable } from '../routes/route.js';
import type { Callers } from './caller.js';
import { ownedBy, param } from './tunnels.js';

export interface ClientApiOptions {
  readonly base: BaseAddress;
  readonly callers: Callers;
  readonly clientSignIns: ClientSignIns;
  readonly observer: Observer;
}

const GONE = { text: 'There is no app with this id any more.' };

/** The routes below a prefix. */
export function clientApi(prefix: string, { base, callers, clientSignIns, observer }: ClientApiOptions): RouteTable {
  async function listOfTunnel(visit: Visit, request: Request): Promise<Reply> {
    const { tunnel } = await callers.find(visit, param(request, 'name'));
    return listReply(base, visit, {
      ...clientsByTime(clientSignIns.ofTunnel(ownedBy(tunnel))),
      describe: describeClient,
    });
  }

  async function endAtTunnel(visit: Visit, request: Request): Promise<Reply> {
    const { caller, tunnel } = await callers.find(visit, param(request, 'name'));
    return end(visit, clientSignIns.ofTunnel(ownedBy(tunnel)), param(request, 'id'), caller.email);
  }

  async function listOwn(visit: Visit): Promise<Reply> {
    const caller = await callers.identifyWhole(visit);
    return listReply(base, visit, { ...clientsByTime(clientSignIns.ofPerson(caller.email)), describe: describeClient });
  }

  async function endOwn(visit: Visit, request: Request): Promise<Reply> {
    const { email } = await callers.identifyWhole(visit);
    return end(visit, clientSignIns.ofPerson(email), param(request, 'id'), email);
  }

  async function end(visit: Visit, among: readonly ClientSignIn[], id: string, by: string): Promise<Reply> {
    const found = among.find((signIn) => signIn.id === id);
    if (found === undefined || !(await endClient({ clientSignIns, observer }, visit, found, by)))
      throw new PosternError('ERR_NOT_FOUND', undefined, GONE);
    return emptyReply();
  }

  return [
    ['get', `${prefix}/tunnels/:name/clients`, listOfTunnel],
    ['delete', `${prefix}/tunnels/:name/clients/:id`, endAtTunnel],
    ['get', `${prefix}/clients`, listOwn],
    ['delete', `${prefix}/clients/:id`, endOwn],
  ];
}

/** Ends what a client may do, and what is open with it, with its record. Resolves to whether there was anything to end. */
export async function endClient(
  { clientSignIns, observer }: Pick<ClientApiOptions, 'clientSignIns' | 'observer'>,
  asker: Asker,
  signIn: ClientSignIn,
  by: string,
): Promise<boolean> {
  const isDone = await clientSignIns.end(signIn);
  if (isDone) observer.emit({ kind: 'client-signed-out', asker, signIn: { ...fieldsOf(signIn), by } });
  return isDone;
}

export function clientsByTime(items: readonly ClientSignIn[]): Listing<ClientSignIn> {
  return { name: 'clients', items, positionOf: ({ sinceMs, id }) => [sinceMs, id] };
}

/** A client as the API and its events show it. */
export function describeClient({ id, tunnel, identity, client, sinceMs, usedAtMs, expiresAtMs }: ClientSignIn) {
  return {
    id,
    tunnel,
    email: identity.email,
    client_id: client.id,
    name: client.name,
    host: client.host ?? null,
    since: new Date(sinceMs).toISOString(),
    refreshed: new Date(usedAtMs).toISOString(),
    expires_at: new Date(expiresAtMs).toISOString(),
  };
}
