/** The page of the apps (OAuth clients) that act for a person at tunnels, with a button for each that ends it. */
import type { Request } from 'express';
import type { BaseAddress } from '../../core/hostname.js';
import type { Callers } from '../api/caller.js';
import { endClient } from '../api/clients.js';
import type { ClientSignIn } from '../clients/client-sign-in.js';
import type { ClientSignIns } from '../clients/client-sign-ins.js';
import type { Observer } from '../ops/observer.js';
import type { Page, Row } from '../replies/page.js';
import type { Reply, Visit } from '../request/visit.js';
import type { RouteTable } from '../routes/route.js';
import { FORM_BODY, guardedPage, postingCaller, seeOther } from './forms.js';
import { ago, span } from './times.js';

export interface ClientsPageOptions {
  readonly base: BaseAddress;
  readonly callers: Callers;
  readonly clientSignIns: ClientSignIns;
  readonly observer: Observer;
  readonly now?: () => number;
}

export const CLIENTS_PATH = '/apps';

/** The routes of the page. */
export function clientsPage(options: ClientsPageOptions): RouteTable {
  const { base, callers, clientSignIns, now = Date.now } = options;

  async function end(visit: Visit, request: Request): Promise<Reply> {
    const { email } = await postingCaller(base, callers, visit);
    const { id } = (request.body ?? {}) as Readonly<Record<string, unknown>>;
    const found = clientSignIns.ofPerson(email).find((signIn) => signIn.id === id);
    if (found !== undefined) await endClient(options, visit, found, email);
    return seeOther(CLIENTS_PATH);
  }

  const show = (visit: Visit) =>
    guardedPage(callers, visit, async ({ email }) => pageOf(clientSignIns.ofPerson(email), email, now()));
  return [
    ['get', CLIENTS_PATH, show],
    ['post', CLIENTS_PATH, end, FORM_BODY],
  ];
}

function pageOf(signIns: readonly ClientSignIn[], email: string, nowMs: number): Page {
  const latest = [...signIns].sort((one, other) => other.sinceMs - one.sinceMs);
  const none = 'No app acts for you. One shows up here after you have allowed it on a page of this address.';
  return {
    title: 'Apps that act for you',
    blocks: [
      latest.length > 0
        ? { kind: 'rows', rows: latest.map((signIn) => rowOf(signIn, nowMs)) }
        : { kind: 'text', text: none },
      { kind: 'link', label: 'Your tunnels', href: '/', rank: 'other' },
    ],
    facts: [['Signed in as', email]],
  };
}

function rowOf(signIn: ClientSignIn, nowMs: number): Row {
  const { title, note } = clientRow(signIn, nowMs);
  const answers = [{ label: 'End', rank: 'other' }] as const;
  return {
    title,
    about: `${title}, ${note}`,
    note,
    question: { kind: 'question', action: CLIENTS_PATH, fields: [['id', signIn.id]], answers },
  };
}

/** What a row says of an app that acts for a person. */
export function clientRow(signIn: ClientSignIn, nowMs: number) {
  const { tunnel, sinceMs, expiresAtMs } = signIn;
  return {
    title: `${clientTitle(signIn)} at ${tunnel}`,
    note: `allowed ${ago(nowMs - sinceMs)} · for ${span(expiresAtMs - nowMs)} more`,
  };
}

/** An app as a person knows it: what is proven of it, beside what it says. */
export function clientTitle({ client: { name, host } }: Pick<ClientSignIn, 'client'>): string {
  const said = name === '' ? 'An app' : `“${name}”`;
  return host === undefined ? `${said} (not verified)` : `${said} of ${host}`;
}
