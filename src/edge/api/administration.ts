/**
 * The people of an edge, for its administrators: who is signed in, with which sessions and agents, and what they look at now. One
 * list for the API and the page, and one way to end a session, or all of a person.
 */
import { accountId, accountKey, type Identity } from '../../auth/identity/identity.js';
import type { EndedAccounts } from '../../auth/session/ended-accounts.js';
import type { Sessions } from '../../auth/session/sessions.js';
import type { ClientSignIn } from '../clients/client-sign-in.js';
import type { ClientSignIns } from '../clients/client-sign-ins.js';
import type { Asker } from '../ops/events.js';
import type { Observer } from '../ops/observer.js';
import type { Everyone } from '../people/everyone.js';
import type { VisitorSignIn, VisitorSignIns } from '../people/visitor-sign-ins.js';
import type { AgentCredential, AgentCredentials } from './agent-credentials.js';

type Account = Pick<Identity, 'issuer' | 'subject' | 'email'>;

/** A person, as an administrator sees them: one account of one provider. */
export interface EdgePerson {
  readonly id: string;
  readonly account: Account;
  /** The latest first. */
  readonly signIns: readonly VisitorSignIn[];
  /** Sign-ins that are not listed may last: those of before, of whom there were too many. */
  readonly hasMore: boolean;
  /** The tunnels that they look at now, and how many requests and WebSockets they have open there. */
  readonly here: readonly { readonly tunnel: string; readonly open: number }[];
  /** The agents that are signed in as them. */
  readonly agents: readonly AgentCredential[];
  /** The apps that act for them, oldest first. */
  readonly clients: readonly ClientSignIn[];
}

export interface AdministrationOptions {
  readonly sessions: Sessions;
  readonly visitorSignIns: VisitorSignIns;
  readonly endedAccounts: EndedAccounts;
  readonly everyone: Everyone;
  readonly credentials: AgentCredentials;
  readonly clientSignIns: Pick<ClientSignIns, 'all'>;
  readonly observer: Observer;
}

type Whose = Pick<Account, 'email'> & { readonly issuer: string | undefined };

interface Found {
  readonly account: Account;
  readonly signIns: VisitorSignIn[];
  readonly here: { tunnel: string; open: number }[];
  readonly agents: AgentCredential[];
  readonly clients: ClientSignIn[];
}

export class Administration {
  readonly #options: AdministrationOptions;

  constructor(options: AdministrationOptions) {
    this.#options = options;
  }

  /** Whether some sign-ins could not be recorded. */
  get isIncomplete(): boolean {
    return this.#options.visitorSignIns.isIncomplete;
  }

  /** Everyone who is signed in, looks at a tunnel, or for whom an agent or an app acts; in no particular order. */
  async people(): Promise<EdgePerson[]> {
    const { visitorSignIns, everyone, credentials, clientSignIns } = this.#options;
    const byKey = new Map<string, Found>();
    const of = (account: Account): Found => {
      const key = accountKey(account);
      const found = byKey.get(key) ?? { account, signIns: [], here: [], agents: [], clients: [] };
      byKey.set(key, found);
      return found;
    };
    for (const signIns of visitorSignIns.accounts()) of(signIns[0].identity).signIns.push(...signIns);
    for (const { account, ...here } of await everyone.everywhere()) of(account).here.push(here);
    for (const agent of await credentials.list())
      if (agent.signIn !== undefined) of(agent.signIn.account).agents.push(agent);
    for (const client of clientSignIns.all().sort((one, other) => one.sinceMs - other.sinceMs))
      of(client.identity).clients.push(client);
    return [...byKey.values()].map((found) => ({
      ...found,
      id: accountId(found.account),
      hasMore: found.signIns.some(({ hasOlder }) => hasOlder),
    }));
  }

  async find(id: string): Promise<EdgePerson | undefined> {
    return (await this.people()).find((person) => person.id === id);
  }

  /** Ends one sign-in, from the next request on; what is open with it ends. Rejects with `ERR_STORE_UNAVAILABLE`. */
  async endSignIn(asker: Asker, signIn: VisitorSignIn, by: string): Promise<void> {
    await this.#options.sessions.revoke(signIn);
    this.#record(asker, signIn.identity, by, signIn.id);
    await this.#settle([signIn]);
  }

  /**
   * Ends all sign-ins of a person up to now, those without a record and those of apps included, as `endSignIn`. Their agents stay
   * signed in. Rejects with `ERR_STORE_UNAVAILABLE`.
   */
  async endAll(asker: Asker, { account, signIns }: EdgePerson, by: string): Promise<void> {
    await this.#options.endedAccounts.end(account);
    this.#options.everyone.leave(accountKey(account));
    this.#record(asker, account, by);
    await this.#settle(signIns);
  }

  /**
   * Ends all sign-ins of every account of a canonical email address up to now, also where the edge knows of none. As `endAll`
   * otherwise.
   */
  async endAddress(asker: Asker, email: string, by: string): Promise<void> {
    await this.#options.endedAccounts.end({ email });
    const { everyone, visitorSignIns } = this.#options;
    for (const { account } of await everyone.everywhere())
      if (account.email === email) everyone.leave(accountKey(account));
    this.#record(asker, { email, issuer: undefined }, by);
    await this.#settle(visitorSignIns.ofAddress(email));
  }

  async #settle(signIns: readonly VisitorSignIn[]): Promise<void> {
    const { visitorSignIns } = this.#options;
    for (const signIn of signIns) await visitorSignIns.forget(signIn).catch(() => {}); // it has ended, and is not listed
  }

  #record(asker: Asker, { email, issuer }: Whose, by: string, session?: string): void {
    this.#options.observer.emit({ kind: 'person-signed-out', asker, whom: { email, issuer, session, by } });
  }
}
