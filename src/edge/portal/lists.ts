/** The pages that list: the tunnels that a person may manage, and the agents that are signed in as them. */
import type { AgentCredential } from '../api/agent-credentials.js';
import type { Caller } from '../api/caller.js';
import type { Tunnel } from '../gate/registry.js';
import type { Page, Question, Row } from '../replies/page.js';
import { nextLink } from '../routes/paging.js';
import { ago, span } from './times.js';
import { pathOf } from './tunnel-page.js';

export interface TunnelSummary {
  readonly tunnel: Tunnel;
  readonly people: number;
  readonly knocks: number;
}

/** A page of the tunnels of a person, or of all tunnels for an administrator. `next`: the cursor of the next one. */
export function tunnelsPage(
  summaries: readonly TunnelSummary[],
  { email, isAdmin }: Pick<Caller, 'email' | 'isAdmin'>,
  next: string | null,
): Page {
  const people = { kind: 'link', label: 'People', href: '/people', rank: 'other' } as const;
  const items = summaries.map(({ tunnel, people, knocks }) => ({
    label: tunnel.name,
    href: pathOf(tunnel.name),
    note: [
      tunnel.link === undefined ? 'offline' : 'online',
      knocks === 0 ? undefined : `${knocks} asking to be let in`,
      people === 0 ? undefined : `${people} here now`,
      tunnel.policy.owner === email ? undefined : `of ${tunnel.policy.owner}`,
    ]
      .filter(Boolean)
      .join(' · '),
  }));
  const none = 'You share nothing at the moment. A tunnel shows up here once its agent has been connected.';
  return {
    title: 'Tunnels',
    blocks: [
      items.length > 0 ? { kind: 'list', items } : { kind: 'text', text: none },
      ...nextLink('/tunnels', next),
      ...(isAdmin ? [people] : []),
      { kind: 'link', label: 'Agents', href: '/agents', rank: 'other' },
      { kind: 'link', label: 'Open to me', href: '/', rank: 'other' },
    ],
    facts: [['Signed in as', email]],
  };
}

/** The agents that are signed in as a person, and the tokens that were made for them, with a button for each that ends it. */
export function agentsPage(credentials: readonly AgentCredential[], email: string, nowMs: number): Page {
  const latest = [...credentials].sort((one, other) => other.lastSeenMs - one.lastSeenMs);
  const rows = latest.flatMap((credential) => (credential.signIn === undefined ? [] : [signInRow(credential, nowMs)]));
  const tokens = latest.filter(({ signIn }) => signIn === undefined).map((token) => tokenRow(token, nowMs));
  const none = 'No agent is signed in as you. “postern login” signs one in.';
  const heading = { kind: 'heading', text: 'Tokens that were made for you' } as const;
  return {
    title: 'Agents signed in as you',
    blocks: [
      rows.length > 0 ? { kind: 'rows', rows } : { kind: 'text', text: none },
      ...(tokens.length > 0 ? [heading, { kind: 'rows', rows: tokens } as const] : []),
      { kind: 'link', label: 'All tunnels', href: '/tunnels', rank: 'other' },
    ],
    facts: [['Signed in as', email]],
  };
}

/** A sign-in of an agent, as a row with a button. */
export function signInRow(credential: AgentCredential, nowMs: number): Row {
  const { id, sinceMs, lastSeenMs, address, online, signIn } = credential;
  const used = `signed in ${ago(nowMs - sinceMs)} · last used ${ago(nowMs - lastSeenMs)} from ${address}`;
  const title = signIn?.machine || 'An agent';
  return { title, about: `${title}, ${used}`, note: used + onlineNote(online), question: endQuestion(id, 'Sign out') };
}

function tokenRow(token: AgentCredential, nowMs: number): Row {
  const { id, tunnels, lastSeenMs, expiresAtMs, address, online } = token;
  const used = `last used ${ago(nowMs - lastSeenMs)} from ${address} · for ${span(expiresAtMs - nowMs)} more`;
  const title = tunnels.join(', ');
  return { title, about: `${title}, ${used}`, note: used + onlineNote(online), question: endQuestion(id, 'Revoke') };
}

function onlineNote(online: readonly string[]): string {
  return online.length === 0 ? '' : ` · online: ${online.join(', ')}`;
}

function endQuestion(id: string, label: string): Question {
  return { kind: 'question', action: '/agents', fields: [['id', id]], answers: [{ label, rank: 'other' }] };
}
