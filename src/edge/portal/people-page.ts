/** The page of an edge's people for its administrators: their sessions, what they look at, their agents, each with *Sign out*. */
import type { Request } from 'express';
import type { BaseAddress } from '../../core/hostname.js';
import { canonicalEmail } from '../../core/rule.js';
import { trimOws } from '../../core/white-space.js';
import type { Administration, EdgePerson } from '../api/administration.js';
import type { AgentCredentials } from '../api/agent-credentials.js';
import type { Caller, Callers } from '../api/caller.js';
import { endClient } from '../api/clients.js';
import { checkAdministrator, peopleByEmail } from '../api/everyone.js';
import type { ClientSignIns } from '../clients/client-sign-ins.js';
import type { Observer } from '../ops/observer.js';
import type { VisitorSignIn } from '../people/visitor-sign-ins.js';
import type { Block, Page, Question, Row } from '../replies/page.js';
import { pageReply } from '../replies/reply.js';
import type { Reply, Visit } from '../request/visit.js';
import { nextLink, pageOf } from '../routes/paging.js';
import type { RouteTable } from '../routes/route.js';
import { clientRow } from './clients-page.js';
import { FORM_BODY, guardedPage, postingCaller, seeOther } from './forms.js';
import { signInRow } from './lists.js';
import { livePage } from './live-script.js';
import { ago, span } from './times.js';

export const PEOPLE_PATH = '/people';

export interface PeoplePageOptions {
  readonly base: BaseAddress;
  readonly callers: Callers;
  readonly administration: Administration;
  readonly credentials: AgentCredentials;
  readonly clientSignIns: ClientSignIns;
  readonly observer: Observer;
  readonly now?: () => number;
}

const INTRODUCTION =
  'Who is signed in at this edge. “Sign out everywhere” also ends sessions that are not listed here and apps, and leaves agents signed in.';

const INCOMPLETE = 'Some sign-ins could not be recorded, and are not listed.';

// Everything that happens at any tunnel changes the page: it follows once a second at most.
const FOLLOW_MS = 1_000;

export class PeoplePage {
  readonly table: RouteTable;
  readonly #options: PeoplePageOptions;

  constructor(options: PeoplePageOptions) {
    this.#options = options;
    this.table = [
      ['get', PEOPLE_PATH, (visit) => guardedPage(options.callers, visit, (caller) => this.#page(caller, visit))],
      ['post', PEOPLE_PATH, (visit, request) => this.#act(visit, request), FORM_BODY],
    ];
  }

  async #page(caller: Caller, visit: Visit, complaint?: string): Promise<Page> {
    checkAdministrator(caller);
    const { base, administration, now = Date.now } = this.#options;
    const view = { action: visit.path, email: caller.email, nowMs: now() };
    const { items, next } = pageOf(visit, peopleByEmail(await administration.people()));
    const blocks: Block[] = [
      ...(complaint === undefined ? [] : [{ kind: 'text', text: complaint } as const]),
      { kind: 'text', text: INTRODUCTION },
      ...(administration.isIncomplete ? [{ kind: 'text', text: INCOMPLETE } as const] : []),
      ...items.flatMap((person) => personBlocks(person, view)),
      ...nextLink(PEOPLE_PATH, next),
      addressQuestion(visit.path),
      { kind: 'link', label: 'All tunnels', href: '/tunnels', rank: 'other' },
    ];
    const page: Page = { title: 'People', blocks, facts: [['Signed in as', caller.email]] };
    return livePage(base, page, { path: PEOPLE_PATH, here: visit.path, waitMs: FOLLOW_MS });
  }

  /** Ends what a form names. What is gone already needs no more: the page that follows shows it. */
  async #act(visit: Visit, request: Request): Promise<Reply> {
    const { base, callers, administration, credentials } = this.#options;
    const caller = await postingCaller(base, callers, visit);
    checkAdministrator(caller);
    const { address, person, session, agent, client } = (request.body ?? {}) as Readonly<Record<string, unknown>>;
    if (address !== undefined) return this.#endAddress(visit, caller, address);
    const found = await administration.find(String(person));
    const signIn = found?.signIns.find(({ id }) => id === session);
    const app = found?.clients.find(({ id }) => id === client);
    const credential = typeof agent === 'string' ? await credentials.find(agent) : undefined;
    if (credential !== undefined) await credentials.end(visit, credential, caller.email);
    else if (signIn !== undefined) await administration.endSignIn(visit, signIn, caller.email);
    else if (app !== undefined) await endClient(this.#options, visit, app, caller.email);
    else if (found !== undefined && [session, agent, client].every((one) => one === undefined))
      await administration.endAll(visit, found, caller.email);
    return seeOther(visit.path);
  }

  async #endAddress(visit: Visit, caller: Caller, address: unknown): Promise<Reply> {
    const email = typeof address === 'string' ? canonicalEmail(trimOws(address)) : undefined;
    if (email === undefined) return { ...pageReply(await this.#page(caller, visit, NO_ADDRESS)), status: 400 };
    await this.#options.administration.endAddress(visit, email, caller.email);
    return seeOther(visit.path);
  }
}

const NO_ADDRESS = 'That is no email address: nobody was signed out.';

/** For those of whom the edge has no record. */
function addressQuestion(action: string): Question {
  return {
    kind: 'question',
    action,
    fields: [],
    input: {
      name: 'address',
      label: 'Sign out everywhere whoever has this email address, listed or not',
      maxChars: 254,
    },
    answers: [{ label: 'Sign out this address', rank: 'other' }],
  };
}

interface View {
  /** Where the forms of the page go. */
  readonly action: string;
  /** Who looks at the page. */
  readonly email: string;
  readonly nowMs: number;
}

function personBlocks(person: EdgePerson, { action, email, nowMs }: View): Block[] {
  const { id, account, signIns, hasMore, here, agents, clients } = person;
  const ask = (label: string, ...fields: (readonly [string, string])[]): Question => ({
    kind: 'question',
    action,
    fields: [['person', id], ...fields],
    answers: [{ label, rank: 'other' }],
  });
  const rows: Row[] = [
    {
      title: lookingAt(here),
      about: `${account.email} of ${account.issuer}`,
      note: `account of ${account.issuer}`,
      question: ask('Sign out everywhere'),
    },
    ...signIns.map((signIn) => {
      const { title, note } = sessionRow(signIn, nowMs);
      return {
        title,
        note,
        about: `${account.email}, ${title} ${note}`,
        question: ask('Sign out', ['session', signIn.id]),
      };
    }),
    ...(hasMore ? [{ title: 'Earlier sessions', note: 'They are too many to be listed, and may still last.' }] : []),
    ...agents.map((agent) => {
      const { title, note = '', about } = signInRow(agent, nowMs);
      return {
        title: `Agent on ${title}`,
        note,
        about: `${account.email}, agent on ${about}`,
        question: ask('Sign out', ['agent', agent.id]),
      };
    }),
    ...clients.map((client) => {
      const { title, note } = clientRow(client, nowMs);
      return { title, note, about: `${account.email}, ${title}, ${note}`, question: ask('End', ['client', client.id]) };
    }),
  ];
  return [
    { kind: 'heading', text: account.email === email ? `${email} (you)` : account.email },
    { kind: 'rows', rows },
  ];
}

function lookingAt(here: EdgePerson['here']): string {
  if (here.length === 0) return 'Looks at nothing now';
  const tunnels = here.map(({ tunnel, open }) => (open === 0 ? tunnel : `${tunnel} (${open} open)`));
  return `Looks at ${tunnels.join(', ')}`;
}

function sessionRow({ browser, address, signedInAtMs, expiresAtMs }: VisitorSignIn, nowMs: number) {
  const note = `from ${address} · signed in ${ago(nowMs - signedInAtMs)} · for ${span(expiresAtMs - nowMs)} more at most`;
  return { title: browser, note };
}
