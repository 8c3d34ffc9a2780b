/** The pages that list: the tunnels that a person may manage, and the agents that are signed in as them. */
import type { Tunnel } from '../gate/registry.js';
import type { AgentSignIn } from '../oauth/agent-sign-ins.js';
import type { Page } from '../replies/page.js';
import { nextLink } from '../routes/paging.js';
import { pathOf } from './tunnel-page.js';

export interface TunnelSummary {
  readonly tunnel: Tunnel;
  readonly people: number;
  readonly knocks: number;
}

/** A page of the tunnels of a person, or of all tunnels for an administrator. `next`: the cursor of the next one. */
export function tunnelsPage(summaries: readonly TunnelSummary[], email: string, next: string | null): Page {
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
      { kind: 'link', label: 'Agents', href: '/agents', rank: 'other' },
      { kind: 'link', label: 'Open to me', href: '/', rank: 'other' },
    ],
    facts: [['Signed in as', email]],
  };
}

/** The agents that are signed in as a person, with a button for each that ends it. */
export function agentsPage(signIns: readonly AgentSignIn[], email: string): Page {
  const rows = signIns.map((signIn) => ({
    title: signIn.machine,
    note: `signed in ${dayOf(signIn.sinceMs)} · last used ${dayOf(signIn.usedAtMs)} from ${signIn.address}`,
    question: {
      kind: 'question',
      action: '/agents',
      fields: [['id', signIn.id]],
      answers: [{ label: 'Sign out', rank: 'other' }],
    } as const,
  }));
  const none = 'No agent is signed in as you. “postern login” signs one in.';
  return {
    title: 'Agents signed in as you',
    blocks: [
      rows.length > 0 ? { kind: 'rows', rows } : { kind: 'text', text: none },
      { kind: 'link', label: 'All tunnels', href: '/tunnels', rank: 'other' },
    ],
    facts: [['Signed in as', email]],
  };
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
}
