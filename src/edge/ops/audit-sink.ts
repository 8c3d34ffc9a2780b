/**
 * The audit record: who signed in and out, who was admitted or refused where, and which tunnels went up and down. Refusals,
 * of which strangers can cause any number, are counted and written once a minute.
 */
import type { Identity } from '../../auth/identity/identity.js';
import type { Log } from '../../core/log.js';
import type { PosternError } from '../../errors.js';
import type { Admitted, Verdict } from '../gate/gate.js';
import type { Refusal } from '../gate/refusal.js';
import { network } from '../request/limits.js';
import type { VisitRequest } from '../request/visit.js';
import type { Asker, EdgeEvent, EventSink, SignedOut } from './events.js';
import { Tally } from './tally.js';

// An admission is recorded once for each session, tunnel and rule. When the set is full it is cleared, and records repeat.
const MAX_KNOWN_ALLOWS = 10_000;

export class AuditSink implements EventSink {
  readonly #audit: Log;
  readonly #refusals: Tally;
  readonly #knownAllows = new Set<string>();

  constructor(audit: Log) {
    this.#audit = audit;
    this.#refusals = new Tally({ write: (fields, message) => audit.info(fields, message) });
  }

  on(event: EdgeEvent): void {
    switch (event.kind) {
      case 'decided':
        this.#decided(event.visit, event.verdict);
        break;
      case 'signed-in': {
        const { visit, session } = event;
        const { groupsOmitted } = session.identity;
        this.#write('sign-in', 'sign-in', { ...asked(visit), ...who(session), groupsOmitted });
        break;
      }
      case 'sign-in-failed':
        this.#failed(event.visit, event.error, 'sign-in-failed', 'sign-in failed');
        break;
      case 'signed-out':
        this.#write('sign-out', 'sign-out', { ...asked(event.visit), ...who(event.session) });
        break;
      case 'person-signed-out': {
        const fields = { ...asked(event.asker), ...event.whom };
        if (event.whom.session === undefined) this.#write('sign-out-everywhere', 'sign-out everywhere', fields);
        else this.#write('sign-out-by-admin', 'sign-out by an administrator', fields);
        break;
      }
      case 'provider-signed-out':
        this.#write('sign-out-by-provider', 'sign-out by the provider', { ...asked(event.asker), ...event.whom });
        break;
      case 'agent-signed-in':
        this.#write('agent-sign-in', 'agent sign-in', { ...asked(event.asker), ...event.signIn });
        break;
      case 'agent-signed-out':
        this.#write('agent-sign-out', 'agent sign-out', { ...asked(event.asker), ...event.signIn });
        break;
      case 'agent-token-revoked':
        this.#write('agent-token-revoke', 'agent token revoked', { ...asked(event.asker), ...event.token });
        break;
      case 'agent-token-reused':
        this.#write('agent-token-reuse', 'agent token used twice', { ...asked(event.asker), ...event.signIn });
        break;
      case 'agent-sign-in-failed':
        this.#failed(event.asker, event.error, 'agent-sign-in-failed', 'agent sign-in failed');
        break;
      case 'client-signed-in':
        this.#write('client-sign-in', 'client sign-in', { ...asked(event.asker), ...event.signIn });
        break;
      case 'client-signed-out':
        this.#write('client-sign-out', 'client sign-out', { ...asked(event.asker), ...event.signIn });
        break;
      case 'client-token-reused':
        this.#write('client-token-reuse', 'client token used twice', { ...asked(event.asker), ...event.signIn });
        break;
      case 'client-sign-in-failed':
        this.#failed(event.asker, event.error, 'client-sign-in-failed', 'client sign-in failed');
        break;
      case 'offer-refused':
        this.#failed(event.offer, event.error, 'offer-refused', 'offer refused');
        break;
      case 'tunnel-up': {
        const { agent, tokenId, address } = event;
        this.#write('tunnel-up', 'tunnel up', { ...agent, tokenId, address });
        break;
      }
      case 'link-added': {
        const { agent, tokenId, address, slot } = event;
        this.#write('link-add', 'link added', { ...agent, tokenId, address, slot });
        break;
      }
      case 'knocked': {
        const { visit, tunnel, session } = event;
        this.#write('knock', 'knock', { ...asked(visit), tunnel, ...who(session) });
        break;
      }
      case 'access-changed': {
        const { change, tunnel, rule, by, expiresAtMs } = event.change;
        const until = timeOf(expiresAtMs);
        this.#write(`grant-${change}`, `grant ${change}`, { ...asked(event.visit), tunnel, rule, by, until });
        break;
      }
      case 'access-token-changed': {
        const { tunnel, id: tokenId, name, by, expiresAtMs } = event.token;
        const fields = { tunnel, tokenId, name, by, until: new Date(expiresAtMs).toISOString() };
        this.#write(`access-token-${event.change}`, `access token ${event.change}`, {
          ...asked(event.visit),
          ...fields,
        });
        break;
      }
      case 'assertion-renewed': {
        const { visit, tunnel, email, by } = event;
        this.#write('assertion-renew', 'assertion renew', { ...asked(visit), tunnel, email, by });
        break;
      }
      case 'invite-changed': {
        const { id: invite, tunnel, uses, email: invitee, expiresAtMs } = event.invite;
        const fields = { tunnel, invite, by: event.by, uses, invitee, until: timeOf(expiresAtMs) };
        this.#write(`invite-${event.change}`, `invite ${event.change}`, { ...asked(event.visit), ...fields });
        break;
      }
      case 'invite-redeemed': {
        const { session, invite, grant } = event;
        const fields = { tunnel: invite.tunnel, invite: invite.id, by: invite.by, until: timeOf(grant.expiresAtMs) };
        this.#write('invite-redeem', 'invite redeem', { ...asked(event.visit), ...who(session), ...fields });
        break;
      }
      case 'tunnel-taken':
        this.#write('tunnel-taken', 'another agent has the tunnel', { ...event.agent });
        break;
      case 'tunnel-down': {
        const { agent, reason } = event;
        this.#write('tunnel-down', 'tunnel down', { ...agent, reason: reason?.message ?? 'closed' });
        break;
      }
    }
  }

  flush(): void {
    this.#refusals.flush();
  }

  #write(event: string, message: string, fields: Readonly<Record<string, unknown>>): void {
    this.#audit.info({ event, ...fields }, message);
  }

  /** Records a refused session, and an admitted one the first time. */
  #decided(visit: VisitRequest, verdict: Verdict): void {
    if (verdict.kind === 'preflight' || verdict.kind === 'resource-metadata') return;
    if (verdict.kind === 'refuse') this.#denied(visit, verdict);
    else if (verdict.session === undefined || visit.cache.isNewlyAllowed(verdict.session, verdict.rule))
      this.#allowed(visit, verdict);
  }

  #denied({ id, host, address }: VisitRequest, { session, code, reason }: Refusal): void {
    if (code === 'ERR_ACCESS_TOKEN_INVALID') {
      const fields = { party: network(address), who: { address }, what: { host, code }, once: { requestId: id } };
      this.#refusals.note({ event: 'access-token-refused', message: 'access token refused', ...fields });
    }
    if (session === undefined || code !== 'ERR_ACCESS_DENIED') return;
    this.#refusals.note({
      event: 'deny',
      message: 'deny',
      party: session.id,
      who: { address, ...who(session) },
      what: { host, reason },
      once: { requestId: id },
    });
  }

  #allowed(visit: VisitRequest, { session, rule }: Admitted): void {
    const { host, address } = visit;
    const known = `${session?.id ?? network(address)} ${host} ${rule}`;
    if (this.#knownAllows.has(known)) return;
    if (this.#knownAllows.size >= MAX_KNOWN_ALLOWS) this.#knownAllows.clear();
    this.#knownAllows.add(known);
    this.#write('allow', 'allow', { requestId: visit.id, host, address, ...who(session), rule });
  }

  #failed({ id, address }: Asker, { code, message: detail }: PosternError, event: string, message: string): void {
    const fields = { party: network(address), who: { address }, what: { code }, once: { requestId: id, detail } };
    this.#refusals.note({ event, message, ...fields });
  }
}

function timeOf(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

function asked({ id, address }: Asker) {
  return { requestId: id, address };
}

function who(session: SignedOut | undefined): {
  email?: Identity['email'];
  issuer?: Identity['issuer'];
  session?: string;
  client?: string;
} {
  if (session === undefined) return {};
  const { id, identity, client } = session;
  const by = client === undefined ? {} : { client: client.label };
  return identity === undefined
    ? { session: id }
    : { email: identity.email, issuer: identity.issuer, session: id, ...by };
}
