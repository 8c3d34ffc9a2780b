/** The page on which a person lets an OAuth client act for them at a tunnel, or not. What the client says of itself is quoted. */
import type { Session } from '../../auth/session/session.js';
import type { Tunnel } from '../gate/registry.js';
import { ALLOW, DENY } from '../oauth/pages.js';
import type { Block, Page } from '../replies/page.js';
import type { Client } from './client.js';
import { hostOfUri, isLoopbackUri } from './redirect-uris.js';

export interface Question {
  readonly client: Client;
  readonly redirectUri: string;
  readonly tunnel: Tunnel;
  readonly session: Session;
  /** For how long it lasts. */
  readonly ttlMs: number;
  /** Where the form is posted. */
  readonly action: string;
}

export function consentPage(question: Question): Page {
  const { client, redirectUri, tunnel, session, action } = question;
  const { email } = session.identity;
  return {
    title: 'Let this app in?',
    blocks: [
      { kind: 'text', text: `${nameOf(client)} asks to use ${tunnel.host} as ${email}.` },
      {
        kind: 'text',
        text: `It could do there whatever you can, ${durationText(question.ttlMs)}, or until you end it.`,
      },
      { kind: 'text', text: warningAbout(question) },
      choice(action),
    ],
    facts: [
      ['App', client.host ?? 'not verified: it gave its name itself'],
      [
        'Goes back to',
        isLoopbackUri(redirectUri) ? `this computer (${hostOfUri(redirectUri)})` : hostOfUri(redirectUri),
      ],
      ['Tunnel', tunnel.host],
      ['Shared by', tunnel.policy.owner],
      ['Signed in as', email],
    ],
  };
}

function nameOf({ name, host }: Client): string {
  if (host !== undefined) return `${name === '' ? 'An app' : `The app “${name}”`} of ${host}`;
  return name === '' ? 'An app without a name' : `An app that calls itself “${name}”, which nobody has checked,`;
}

/** What is not proven: which program it is on this machine, or who is behind an address. */
function warningAbout({ redirectUri }: Question): string {
  const started = 'Allow it only if you have just started this in that app yourself';
  if (isLoopbackUri(redirectUri))
    return `${started}, on this computer: any program on it could say that it is that app.`;
  return `${started}. What you allow goes to ${hostOfUri(redirectUri)}: if a link brought you here, its sender could act as you.`;
}

const UNITS = [
  ['day', 86_400_000],
  ['hour', 3_600_000],
  ['minute', 60_000],
  ['second', 1_000],
] as const;

function durationText(ms: number): string {
  const [name, unit] = UNITS.find(([, size]) => ms >= size && ms % size === 0) ?? ['second', 1_000];
  const count = Math.max(1, Math.round(ms / unit));
  return `for ${count} ${name}${count === 1 ? '' : 's'}`;
}

function choice(action: string): Block {
  const answers = [
    { label: 'Allow', field: ['decision', ALLOW], rank: 'main' } as const,
    { label: 'No', field: ['decision', DENY], rank: 'other' } as const,
  ];
  return { kind: 'question', action, fields: [], answers };
}
