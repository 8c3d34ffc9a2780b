/** The page of a tunnel for its owner: who asks to be let in, who is here, who may open it, each with what can be done. */
import { formatRule } from '../../core/rule.js';
import type { ClientSignIn } from '../clients/client-sign-in.js';
import type { Tunnel } from '../gate/registry.js';
import type { AccessToken } from '../people/access-tokens.js';
import type { Grant } from '../people/grants.js';
import type { Invite } from '../people/invite-entry.js';
import type { Knock } from '../people/knocks.js';
import type { Person } from '../people/presence.js';
import type { Block, Page, Question, Row } from '../replies/page.js';
import { clientTitle } from './clients-page.js';
import type { ShownRows } from './shown-rows.js';
import { ago, span } from './times.js';

/** What an act is about, as fields of its form; `routes.ts` reads them. */
export type Act =
  | 'answer-allow'
  | 'answer-allow-8h'
  | 'answer-deny'
  | 'allow'
  | 'allow-8h'
  | 'deny'
  | 'take-back'
  | 'invite'
  | 'revoke-invite'
  | 'revoke-token'
  | 'end-client';

/** The parts of the page that may be long. */
export const SECTIONS = ['knocks', 'people', 'access', 'invites', 'tokens', 'clients'] as const;

export interface TunnelView {
  readonly shown: ShownRows<(typeof SECTIONS)[number]>;
  readonly tunnel: Tunnel;
  /** The rules of the agent. */
  readonly allow: readonly string[];
  readonly grants: readonly Grant[];
  readonly knocks: readonly Knock[];
  readonly people: readonly Person[];
  readonly invites: readonly Invite[];
  readonly accessTokens: readonly AccessToken[];
  readonly clients: readonly ClientSignIn[];
  /** The link of an invite that was just made: it is shown once. */
  readonly link?: string | undefined;
  /** Who looks at the page. */
  readonly email: string;
  readonly nowMs: number;
  /** What was wrong with the last act. */
  readonly complaint?: string | undefined;
}

export const MAX_RULE_INPUT_CHARS = 256;

export function tunnelPage(view: TunnelView): Page {
  const { tunnel, complaint, email, link } = view;
  return {
    title: tunnel.name,
    blocks: [
      ...(complaint === undefined ? [] : [{ kind: 'text', text: complaint } as const]),
      ...(link === undefined ? [] : linkBlocks(link)),
      { kind: 'text', text: statusOf(view) },
      ...knockBlocks(view),
      ...peopleBlocks(view),
      ...accessBlocks(view),
      ...inviteBlocks(view),
      ...tokenBlocks(view),
      ...clientBlocks(view),
      letInQuestion(view.shown.here),
      { kind: 'link', label: 'Open the app', href: `${tunnel.origin}/`, rank: 'other' },
      { kind: 'link', label: 'All tunnels', href: '/tunnels', rank: 'other' },
    ],
    facts: [
      ['Address', tunnel.host],
      ['Shared by', tunnel.policy.owner],
      ['Signed in as', email],
    ],
  };
}

function statusOf({ tunnel }: TunnelView): string {
  return tunnel.link === undefined ? 'Offline: its agent is not connected.' : 'Online.';
}

function knockBlocks({ shown, knocks, nowMs }: TunnelView): Block[] {
  return shown.section('knocks', 'Asking to be let in', knocks, ({ id, email, message, askedAtMs }) => ({
    title: email,
    note: [message === '' ? undefined : `“${message}”`, ago(nowMs - askedAtMs)].filter(Boolean).join(' · '),
    question: acts(shown.here, id, [
      ['Allow', 'answer-allow'],
      ['Eight hours', 'answer-allow-8h'],
      ['No', 'answer-deny'],
    ]),
  }));
}

function peopleBlocks({ shown, tunnel, people, nowMs }: TunnelView): Block[] {
  const heading = 'Here now';
  if (people.length === 0)
    return [
      { kind: 'heading', text: heading },
      { kind: 'text', text: 'No one, at the moment.' },
    ];
  return shown.section('people', heading, people, ({ email, sinceMs, open }): Row => {
    const note = `${open === 0 ? 'nothing open' : `${open} open`} · came ${ago(nowMs - sinceMs)}`;
    if (email === tunnel.policy.owner) return { title: email, note: `the owner · ${note}` };
    return { title: email, note, question: acts(shown.here, email, [['Shut out', 'deny']]) };
  });
}

function accessBlocks({ shown, allow, grants, nowMs }: TunnelView): Block[] {
  const rows: Row[] = allow.map((rule) => ({ title: rule, note: 'by its agent' }));
  for (const { rule, effect, by, expiresAtMs } of grants) {
    const end = expiresAtMs === undefined ? '' : ` · for ${span(expiresAtMs - nowMs)} more`;
    rows.push({
      title: formatRule(rule),
      note: `${effect === 'deny' ? 'shut out' : 'let in'} by ${by}${end}`,
      question: acts(shown.here, formatRule(rule), [['Take back', 'take-back']]),
    });
  }
  const heading = 'Who may open it';
  if (rows.length === 0)
    return [
      { kind: 'heading', text: heading },
      { kind: 'text', text: 'Only its owner.' },
    ];
  return shown.section('access', heading, rows, (row) => row);
}

function linkBlocks(link: string): Block[] {
  return [
    { kind: 'heading', text: 'A link for the first person who signs in with it' },
    { kind: 'text', text: link },
    { kind: 'text', text: 'It is shown only now, and works for seven days.' },
  ];
}

function inviteBlocks({ shown, invites, nowMs }: TunnelView): Block[] {
  return shown.section('invites', 'Invite links', invites, ({ id, email, uses, used, expiresAtMs }) => ({
    title: email ?? 'Anyone with the link',
    note: `used ${used} of ${uses} · for ${span(expiresAtMs - nowMs)} more`,
    question: acts(shown.here, id, [['Revoke', 'revoke-invite']]),
  }));
}

function tokenBlocks({ shown, accessTokens, nowMs }: TunnelView): Block[] {
  return shown.section('tokens', 'Access tokens of machines', accessTokens, ({ id, name, by, expiresAtMs }) => ({
    title: name,
    note: `by ${by} · for ${span(expiresAtMs - nowMs)} more`,
    question: acts(shown.here, id, [['Revoke', 'revoke-token']]),
  }));
}

function clientBlocks({ shown, clients, nowMs }: TunnelView): Block[] {
  return shown.section('clients', 'Apps that act for people', clients, (signIn) => ({
    title: `${clientTitle(signIn)} for ${signIn.identity.email}`,
    note: `let in ${ago(nowMs - signIn.sinceMs)} · for ${span(signIn.expiresAtMs - nowMs)} more`,
    question: acts(shown.here, signIn.id, [['End', 'end-client']]),
  }));
}

function letInQuestion(action: string): Question {
  return {
    kind: 'question',
    action,
    fields: [],
    input: {
      name: 'about',
      label: 'Let somebody in: an email address, or a rule such as @acme.com; an invite link needs none',
      maxChars: MAX_RULE_INPUT_CHARS,
    },
    answers: [
      { label: 'Let in', field: ['act', 'allow'], rank: 'main' },
      { label: 'For eight hours', field: ['act', 'allow-8h'], rank: 'other' },
      { label: 'Make an invite link', field: ['act', 'invite'], rank: 'other' },
    ],
  };
}

function acts(action: string, about: string, answers: readonly (readonly [label: string, act: Act])[]): Question {
  return {
    kind: 'question',
    action,
    fields: [['about', about]],
    answers: answers.map(([label, act], at) => ({
      label,
      field: ['act', act],
      rank: at === 0 && answers.length > 1 ? 'main' : 'other',
    })),
  };
}

/** The path of a tunnel's page. */
export function pathOf(name: string): string {
  return `/tunnels/${name}`;
}
