/** The events of an edge, as values: one stream, and the sinks that write log lines or audit records of it. */
import type { Session } from '../../auth/session/session.js';
import type { ErrorCode, PosternError } from '../../errors.js';
import { Http2ErrorCode } from '../../http2/errors.js';
import type { Verdict } from '../gate/gate.js';
import type { Cutter, VisitRequest } from '../request/visit.js';

export type EdgeEvent =
  /** The gate has decided about a request. */
  | { readonly kind: 'decided'; readonly visit: VisitRequest; readonly verdict: Verdict }
  /** A visitor was shown an error, or their response broke off with one. */
  | { readonly kind: 'visit-failed'; readonly visit: VisitRequest; readonly error: PosternError }
  /** A response has ended, whole or not, or its visitor has left. */
  | { readonly kind: 'visit-ended'; readonly visit: VisitRequest; readonly end: VisitEnd }
  /** Bytes that were not a request: `status` is 0 when the socket was closed without a response. */
  | {
      readonly kind: 'malformed';
      readonly requestId: string;
      readonly address: string;
      readonly status: number;
      readonly error: PosternError;
    }
  | { readonly kind: 'signed-in'; readonly visit: VisitRequest; readonly session: Session }
  | { readonly kind: 'sign-in-failed'; readonly visit: VisitRequest; readonly error: PosternError }
  | { readonly kind: 'signed-out'; readonly visit: VisitRequest; readonly session: SignedOut }
  /** An administrator has ended one sign-in of a person, or all of them. */
  | { readonly kind: 'person-signed-out'; readonly asker: Asker; readonly whom: SignedOutPerson }
  /** A provider has ended one session of a person there, or all: `session` is the tag of that session. */
  | { readonly kind: 'provider-signed-out'; readonly asker: Asker; readonly whom: ProviderSignOut }
  | { readonly kind: 'agent-signed-in'; readonly asker: Asker; readonly signIn: AgentSignInFields }
  | { readonly kind: 'agent-signed-out'; readonly asker: Asker; readonly signIn: AgentSignInFields }
  /** A token of agents was ended before it expires. */
  | { readonly kind: 'agent-token-revoked'; readonly asker: Asker; readonly token: RevokedTokenFields }
  /** A refresh token or a code was presented a second time: one of those who presented it has stolen it. */
  | { readonly kind: 'agent-token-reused'; readonly asker: Asker; readonly signIn: AgentSignInFields }
  | { readonly kind: 'agent-sign-in-failed'; readonly asker: Asker; readonly error: PosternError }
  /** A person has let an OAuth client act for them at a tunnel, or that has ended. */
  | { readonly kind: 'client-signed-in'; readonly asker: Asker; readonly signIn: ClientSignInFields }
  | { readonly kind: 'client-signed-out'; readonly asker: Asker; readonly signIn: ClientSignInFields }
  /** A refresh token or a code of an OAuth client was presented a second time. */
  | { readonly kind: 'client-token-reused'; readonly asker: Asker; readonly signIn: ClientSignInFields }
  | { readonly kind: 'client-sign-in-failed'; readonly asker: Asker; readonly error: PosternError }
  | { readonly kind: 'offer-refused'; readonly offer: Asker; readonly error: PosternError }
  | { readonly kind: 'tunnel-up'; readonly agent: AgentFields; readonly tokenId: string; readonly address: string }
  /** The agent of a tunnel that is online has opened another link. */
  | {
      readonly kind: 'link-added';
      readonly agent: AgentFields;
      readonly tokenId: string;
      readonly address: string;
      readonly slot: number;
    }
  | { readonly kind: 'tunnel-down'; readonly agent: AgentFields; readonly reason: PosternError | undefined }
  /** A link has ended because another agent had got its tunnel: their nodes knew nothing of each other meanwhile. */
  | { readonly kind: 'tunnel-taken'; readonly agent: AgentFields }
  /** A tunnel has got a link, at this node or another one, or has lost its last. Each node tells it once. */
  | { readonly kind: 'tunnel-changed'; readonly tunnel: string; readonly owner: string; readonly isOnline: boolean }
  /** A person has given access to a tunnel, or taken it away, while it runs. */
  | { readonly kind: 'access-changed'; readonly visit: Asker; readonly change: AccessChange }
  | {
      readonly kind: 'access-token-changed';
      readonly visit: Asker;
      readonly change: 'create' | 'revoke';
      /** `by`: who has made or revoked it. */
      readonly token: AccessTokenFields;
    }
  /** The owner of a tunnel repeats a request of a person, with an assertion that was signed afresh. */
  | {
      readonly kind: 'assertion-renewed';
      readonly visit: Asker;
      readonly tunnel: string;
      readonly email: string;
      readonly by: string;
    }
  /** A visitor who was refused has asked the owner of a tunnel to be let in. */
  | { readonly kind: 'knocked'; readonly visit: Asker; readonly tunnel: string; readonly session: Session }
  /** A person has made or ended an invite to a tunnel. */
  | {
      readonly kind: 'invite-changed';
      readonly visit: Asker;
      readonly change: 'create' | 'revoke';
      readonly by: string;
      readonly invite: InviteFields;
    }
  /** A visitor was let in by an invite, until the end of the grant. */
  | {
      readonly kind: 'invite-redeemed';
      readonly visit: Asker;
      readonly session: Session;
      readonly invite: InviteFields;
      readonly grant: { readonly expiresAtMs: number | undefined };
    }
  /** A TLS handshake ended before it was complete. `reason` is a code of OpenSSL or of the system. */
  | { readonly kind: 'handshake-failed'; readonly address: string; readonly reason: string }
  /**
   * A connection of a visitor over HTTP/2 ended with an error: by its client, because of it, or by a fault of our own. `detail`
   * is for a log.
   */
  | {
      readonly kind: 'connection-failed';
      readonly address: string;
      readonly reason: ConnectionError;
      readonly detail: string;
    }
  /** Something of a party was refused or cut because the party exceeded a limit. */
  | { readonly kind: 'over-budget'; readonly budget: Budget; readonly address: string };

/** Writes, records or counts events. Must not throw. */
export interface EventSink {
  on(event: EdgeEvent): void;
  /** Writes what was counted. Called once a minute, and at the end. */
  flush?(): void;
}

/** How a visit ended. */
export interface VisitEnd {
  /** 0 when no head has left. */
  readonly status: number;
  /** The error code, when the edge itself has responded with an error. */
  readonly code: ErrorCode | undefined;
  /** The response has started and was not completed: the visitor has disconnected, or it failed. */
  readonly aborted: true | undefined;
  /** Who ended it before it was complete, if known. */
  readonly cutBy: Cutter | undefined;
}

/** The sender of a request, a visitor or an agent. */
export type Asker = Pick<VisitRequest, 'id' | 'address'>;

/** A session whose identity may be unknown. */
export type SignedOut = Pick<Session, 'id'> & Partial<Session>;

export interface ProviderSignOut {
  readonly issuer: string;
  /** Absent when the provider names a session only. */
  readonly subject: string | undefined;
  /** The tag of the one session at the provider; undefined for all. */
  readonly providerSession: string | undefined;
}

export interface SignedOutPerson {
  readonly email: string;
  /** Undefined for every account of the address. */
  readonly issuer: string | undefined;
  /** The id of the one sign-in; undefined for all. */
  readonly session: string | undefined;
  /** Who has ended them. */
  readonly by: string;
}

/** What a person has changed about the access to a tunnel. */
export interface AccessChange {
  readonly change: 'allow' | 'deny' | 'take-back' | 'refuse';
  readonly tunnel: string;
  /** The rule word, or the email address of the person, that it is about. */
  readonly rule: string;
  /** Who has changed it. */
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs?: number | undefined;
}

export interface AccessTokenFields {
  readonly tunnel: string;
  readonly id: string;
  readonly name: string;
  readonly by: string;
  /** Milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

/** An invite, as it is recorded. */
export interface InviteFields {
  readonly id: string;
  readonly tunnel: string;
  /** Who has made it. */
  readonly by: string;
  readonly uses: number;
  /** The address that it is for, if it is for one. */
  readonly email: string | undefined;
  readonly expiresAtMs: number;
}

export interface AgentFields {
  readonly tunnel: string;
  readonly owner: string;
  readonly agent: string;
}

export interface AgentSignInFields {
  /** The id of the sign-in and of all its access tokens. */
  readonly tokenId: string;
  readonly owner: string;
  /** As the agent names it; absent where the sign-in is not known any more. */
  readonly machine?: string;
  /** Who has ended it, if not its owner. */
  readonly by?: string;
}

export interface ClientSignInFields {
  /** The id of the sign-in, which its requests have as their session. */
  readonly session: string;
  readonly tunnel: string;
  /** The person. */
  readonly email: string;
  readonly issuer: string;
  /** The host of its metadata document, or in quotation marks the name that it gives itself. */
  readonly client: string;
  /** Who has ended it, if not the client itself. */
  readonly by?: string;
}

export interface RevokedTokenFields {
  readonly tokenId: string;
  readonly owner: string;
  /** Who has revoked it. */
  readonly by: string;
}

/** Why a connection over HTTP/2 ended: the codes of RFC 9113 section 7, and `OTHER` for one that it does not have. */
export const CONNECTION_ERRORS = [
  ...(Object.keys(Http2ErrorCode) as (keyof typeof Http2ErrorCode)[]),
  'OTHER',
] as const;

export type ConnectionError = (typeof CONNECTION_ERRORS)[number];

/** The limits that a party may exceed, as log and metrics name them. */
export const BUDGETS = [
  'connections',
  'handshakes',
  'waiting requests',
  'unfinished heads',
  'streams',
  'unread bytes',
  'links',
  'HTTP/2 frames',
] as const;

export type Budget = (typeof BUDGETS)[number];
