/** The pages on which a person lets an agent sign in, or not. What agents say of themselves is shown as quoted text. */
import type { Session } from '../../auth/session/session.js';
import type { Block, Page } from '../replies/page.js';
import type { Origin } from './client.js';
import type { DeviceRequest } from './device-codes.js';

export const ALLOW = 'allow';
export const DENY = 'deny';

const QUESTION = 'Did you start this?';

const WARNING =
  'Allow it only if you have just started “postern login” yourself, on that machine. Anyone who sent you here would open tunnels in your name.';

/** Asks about an agent on this machine, which waits for the browser to come back. */
export function consentPage({ identity }: Session, origin: Origin, action: string): Page {
  const text = `${describe(origin)} asks to open tunnels as ${identity.email}.`;
  return {
    title: QUESTION,
    blocks: [{ kind: 'text', text }, { kind: 'text', text: WARNING }, choice(action, [])],
    facts: [['Signed in as', identity.email]],
  };
}

/** Asks about an agent elsewhere, which waits under a user code. */
export function devicePage({ identity }: Session, userCode: string, { origin, atMs }: DeviceRequest): Page {
  const at = new Date(atMs).toISOString().slice(0, 19).replace('T', ' ');
  return {
    title: QUESTION,
    blocks: [
      { kind: 'text', text: `${describe(origin)} asks to open tunnels as ${identity.email}.` },
      { kind: 'text', text: `It asked from the address ${origin.address}, at ${at} UTC, with the code ${userCode}.` },
      { kind: 'text', text: WARNING },
      choice('/device', [['user_code', userCode]]),
    ],
    facts: [['Signed in as', identity.email]],
  };
}

/** Asks for the user code. `value` is what a link has filled in. */
export function codePage({ identity }: Session, value: string, complaint?: string): Page {
  return {
    title: 'Sign an agent in',
    blocks: [
      ...(complaint === undefined ? [] : [{ kind: 'text', text: complaint } as const]),
      { kind: 'text', text: 'Enter the code that “postern login” shows in your terminal.' },
      {
        kind: 'question',
        action: '/device',
        fields: [],
        input: { name: 'user_code', label: 'Code', maxChars: 16, value },
        answers: [{ label: 'Continue', rank: 'main' }],
      },
    ],
    facts: [['Signed in as', identity.email]],
  };
}

export const ALLOWED: Page = {
  title: 'The agent is signed in',
  blocks: [{ kind: 'text', text: 'You can close this tab: the terminal goes on by itself in a few seconds.' }],
  facts: [],
};

export const DENIED: Page = {
  title: 'The agent was refused',
  blocks: [{ kind: 'text', text: 'It gets no access. You can close this tab.' }],
  facts: [],
};

function describe({ machine, user }: Origin): string {
  const who = user === '' ? '' : `, user “${user}”,`;
  return machine === '' ? `An agent${who.replace(/^,/, ' of')}` : `An agent on “${machine}”${who}`;
}

function choice(action: string, fields: readonly (readonly [string, string])[]): Block {
  const answers = [
    { label: 'Allow', field: ['decision', ALLOW], rank: 'main' } as const,
    { label: 'No', field: ['decision', DENY], rank: 'other' } as const,
  ];
  return { kind: 'question', action, fields, answers };
}
