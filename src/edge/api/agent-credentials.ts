/**
 * The credentials with which agents work: those of sign-ins (`postern login`), and tokens that the operator made, which are
 * known since they were first presented. One list for the API and the pages, and one way to end each.
 */
import type { Identity } from '../../auth/identity/identity.js';
import type { RevokedTokens } from '../agents/revoked-tokens.js';
import type { SeenToken, SeenTokens } from '../agents/seen-tokens.js';
import type { Asker } from '../ops/events.js';
import type { Observer } from '../ops/observer.js';

/** A sign-in of `postern login`; `oauth/agent-sign-ins.ts` keeps them. */
export interface SignedInAgent {
  readonly id: string;
  readonly owner: string;
  /** The account that has signed in. */
  readonly account: Pick<Identity, 'issuer' | 'subject' | 'email'>;
  readonly machine: string;
  readonly user: string;
  readonly address: string;
  readonly sinceMs: number;
  readonly usedAtMs: number;
  /** When it ends unless it is used until then. */
  readonly endsAtMs: number;
}

export interface SignedInAgents {
  listOf(owner: string): Promise<readonly SignedInAgent[]>;
  all(): Promise<readonly SignedInAgent[]>;
  end(signIn: SignedInAgent): Promise<void>;
}

/** A credential of an agent, without anything secret. Times in milliseconds since the epoch. */
export interface AgentCredential {
  /** That of its tokens, as in the audit record. */
  readonly id: string;
  readonly owner: string;
  /** Names, or patterns of names, that it permits. */
  readonly tunnels: readonly string[];
  readonly sinceMs: number;
  readonly expiresAtMs: number;
  /** Undefined: not presented yet. */
  readonly firstSeenMs: number | undefined;
  readonly lastSeenMs: number;
  readonly address: string;
  /** Tunnels that are online with it. */
  readonly online: readonly string[];
  /** Undefined for a token of `postern token create`, and for one whose sign-in the edge has forgotten. */
  readonly signIn: SignedInAgent | undefined;
}

export interface AgentCredentialsOptions {
  readonly signIns: SignedInAgents;
  readonly seenTokens: SeenTokens;
  readonly revoked: RevokedTokens;
  /** The names of the tunnels that are online, by the id of the token that opened the link; at any node. */
  readonly online: () => Promise<ReadonlyMap<string, readonly string[]>>;
  readonly observer: Observer;
}

const EVERY_NAME = ['*'];

export class AgentCredentials {
  readonly #options: AgentCredentialsOptions;

  constructor(options: AgentCredentialsOptions) {
    this.#options = options;
  }

  /** The credentials of an owner, or of all. */
  async list(owner?: string): Promise<AgentCredential[]> {
    const { signIns, seenTokens, revoked } = this.#options;
    const online = await this.#options.online();
    const signedIn = owner === undefined ? await signIns.all() : await signIns.listOf(owner);
    const seenById = new Map(seenTokens.list(owner).map((token) => [token.id, token]));
    const ofSignIns = signedIn.map((signIn) => ofSignIn(signIn, seenById.get(signIn.id), online));
    for (const { id } of signedIn) seenById.delete(id);
    const others = [...seenById.values()].filter(({ id }) => !revoked.has(id));
    return [...ofSignIns, ...others.map((token) => ofToken(token, online))];
  }

  /** The credential of an id, of this owner or of any. */
  async find(id: string, owner?: string): Promise<AgentCredential | undefined> {
    return (await this.list(owner)).find((credential) => credential.id === id);
  }

  /** Ends a credential: its links end, and it counts no more. `by` is who wants it so. Rejects with `ERR_STORE_UNAVAILABLE`. */
  async end(asker: Asker, { id, owner, expiresAtMs, signIn }: AgentCredential, by: string): Promise<void> {
    const { signIns, seenTokens, revoked, observer } = this.#options;
    const who = by === owner ? {} : { by };
    if (signIn === undefined) {
      await revoked.revoke(id, expiresAtMs);
      observer.emit({ kind: 'agent-token-revoked', asker, token: { tokenId: id, owner, by } });
    } else {
      await signIns.end(signIn);
      const { machine } = signIn;
      observer.emit({ kind: 'agent-signed-out', asker, signIn: { tokenId: id, owner, machine, ...who } });
    }
    await seenTokens.forget(id).catch(() => {}); // it is revoked, and is not listed
  }
}

type Online = ReadonlyMap<string, readonly string[]>;

function ofSignIn(signIn: SignedInAgent, seen: SeenToken | undefined, online: Online): AgentCredential {
  const { id, owner, sinceMs, usedAtMs, endsAtMs, address } = signIn;
  const isSeenLater = seen !== undefined && seen.lastSeenMs > usedAtMs;
  return {
    ...{ id, owner, sinceMs, signIn },
    tunnels: seen?.tunnels ?? EVERY_NAME,
    expiresAtMs: endsAtMs,
    firstSeenMs: seen?.firstSeenMs,
    lastSeenMs: isSeenLater ? seen.lastSeenMs : usedAtMs,
    address: isSeenLater ? seen.address : address,
    online: online.get(id) ?? [],
  };
}

function ofToken({ issuedAtMs, ...token }: SeenToken, online: Online): AgentCredential {
  return { ...token, sinceMs: issuedAtMs, online: online.get(token.id) ?? [], signIn: undefined };
}
