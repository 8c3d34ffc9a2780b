/** The Express app on its own server, over parts that record their calls. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import type { TestContext } from 'node:test';
import type { Identity } from '../../../../src/auth/identity/identity.js';
import type { Session } from '../../../../src/auth/session/session.js';
import { readBaseAddress } from '../../../../src/core/hostname.js';
import type { Verdict } from '../../../../src/edge/gate/gate.js';
import type { EdgeEvent } from '../../../../src/edge/ops/events.js';
import { errorReply } from '../../../../src/edge/replies/error-reply.js';
import { isOwnPath } from '../../../../src/edge/request/checks.js';
import type { Visit } from '../../../../src/edge/request/visit.js';
import { type AppOptions, createApp } from '../../../../src/edge/routes/app.js';
import { createTunnelRefusal, type TunnelRefusalOptions } from '../../../../src/edge/routes/tunnel-refusal.js';
import { serveWith } from '../../../../src/edge/visitors/pages.js';
import { visitOf } from '../../../../src/edge/visitors/visit-of.js';
import { PosternError } from '../../../../src/errors.js';
import { serveVisits } from '../visits.js';

export const BASE = readBaseAddress('https://tunnel.test') ?? assert.fail();
export const ORIGIN = 'https://demo.tunnel.test';
export const SIBLING = 'https://other.tunnel.test';

export const ana: Identity = {
  issuer: 'https://id.acme.com',
  domainProof: 'email',
  subject: 'a',
  email: 'ana@acme.com',
  emailVerified: true,
  groups: ['eng'],
  groupsOmitted: false,
};

export function sessionOf(more: Partial<Session> = {}): Session {
  const times = { signedInAtMs: 0, seenAtMs: 0 };
  return { id: 'the id', identity: ana, host: 'demo.tunnel.test', ...times, admitted: true, owner: 'tag', ...more };
}

export interface Setting {
  readonly session?: Session | undefined;
  readonly verdict?: Verdict | undefined;
  /** Whether the request has two sessions. */
  readonly rivals?: true;
  readonly hasEnded?: true;
  /** Whether the browser has a session of the name's former owner when it redeems a ticket. */
  readonly isPassedOn?: true;
  /** What a step of the sign-in throws. */
  readonly fails?: unknown;
  readonly renewals?: 'used up';
}

export interface Heard {
  readonly status: number;
  readonly code: string | undefined;
  readonly location: string | undefined;
  readonly cookies: readonly string[];
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}

export interface Asking {
  readonly method?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** The headers by which a browser tells the cause of a request. */
export const by = {
  visit: { 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document', accept: 'text/html' },
  link: {
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
    accept: 'text/html',
  },
  prefetch: {
    'sec-fetch-site': 'none',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
    'sec-purpose': 'prefetch',
    accept: 'text/html',
  },
  ownFetch: { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' },
  sibling: { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', origin: SIBLING },
} as const;

export async function openApp(t: TestContext, setting: Setting = {}) {
  const asked: string[] = [];
  const step =
    (name: string, result: object) =>
    (_request: unknown, ...fields: unknown[]) => {
      const welcome = fields.map((field) => (field as { isWelcome?: boolean } | undefined)?.isWelcome);
      asked.push(name + (welcome.includes(true) ? ' welcome' : ''));
      if (setting.fails !== undefined) throw setting.fails;
      return result;
    };
  const redirect = (location: string, ...cookies: string[]) => ({ kind: 'redirect', location, cookies });
  const parts = {
    base: BASE,
    sessions: {
      read: () => {
        asked.push('read');
        return setting.session;
      },
      clearRivals: async () => (setting.rivals ? ['session=; Max-Age=0'] : []),
      hasEnded: async () => setting.hasEnded === true,
      clear: () => 'session=; Max-Age=0',
      endsAtMs: () => 0,
    },
    signIn: {
      start: step('start', redirect('https://provider.test/')),
      completeCallback: step('finish', redirect('/', 'session=new')),
      redeem: step('redeem', { ...redirect('/path', 'session=new'), isPassedOn: setting.isPassedOn === true }),
      redirectToBase: step('leave', redirect(`${BASE.origin}/oauth2/start`, 'nonce=x')),
    },
    signOut: {
      redirectToBase: step('leave for sign-out', redirect(`${BASE.origin}/oauth2/sign_out?of=x`)),
      complete: step('sign out', redirect('/oauth2/signed_out', 'session=; Max-Age=0')),
    },
    callbackPaths: ['/oauth2/callback'],
    assertions: { jwks: () => ({ keys: [] }) },
    registry: { online: () => [], ownedBy: () => [], find: () => undefined },
    api: [],
    observer: {
      emit: (event: EdgeEvent) => {
        if (event.kind === 'sign-in-failed') asked.push('sign-in failed');
        if (event.kind !== 'decided') return;
        asked.push(`decided ${event.verdict.kind === 'refuse' ? event.verdict.code : event.verdict.kind}`);
      },
    },
    renewals: {
      count: async () => {
        asked.push('renewal');
        if (setting.renewals === 'used up') throw new PosternError('ERR_RATE_LIMITED');
      },
    },
  };
  const replyWithError = (visit: Visit, error: PosternError) => visit.reply(errorReply(BASE, visit, error));
  const app = createApp({ ...parts, visitOf, replyWithError } as unknown as AppOptions);
  const refusal = createTunnelRefusal(parts as unknown as TunnelRefusalOptions);
  const refuse = async (visit: Visit) => {
    const { verdict } = setting;
    if (verdict === undefined || verdict.kind === 'forward') throw new PosternError('ERR_INTERNAL');
    visit.reply(await refusal(visit, verdict));
  };
  const accept = (visit: Visit) => {
    if (visit.place.kind !== 'tunnel' || isOwnPath(visit.path)) serveWith(app, visit);
    else refuse(visit).catch((error) => replyWithError(visit, error));
  };
  const port = await serveVisits(t, { accept, replyWithError }, BASE);
  return { asked, ask: (path: string, asking: Asking = {}) => exchange(port, path, asking) };
}

async function exchange(port: number, path: string, { method = 'GET', host, headers, body }: Asking): Promise<Heard> {
  const sent = request({ host: '127.0.0.1', port, path, method, agent: false, headers: { host, ...headers } });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  const text = String(Buffer.concat(await response.toArray()));
  const code = response.headers['postern-error'];
  return {
    status: response.statusCode ?? 0,
    code: typeof code === 'string' ? code : undefined,
    location: response.headers.location,
    cookies: response.headers['set-cookie'] ?? [],
    headers: response.headers,
    text,
  };
}
