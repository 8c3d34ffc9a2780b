/**
 * How a visitor gets from one step of a sign-in to the next: by redirect, or in a browser by a page of the base host whose
 * script goes on. A redirect to a tunnel's host would show its ticket to the service worker of the app.
 */
import type { BaseAddress } from '../../core/hostname.js';
import type { Reply, VisitRequest } from '../request/visit.js';
import { HAND_OFF_SCRIPT_PATH, HAND_OFF_SCRIPT_VERSION } from './hand-off-script.js';
import type { Page, PageScript } from './page.js';
import { pageReply, redirect } from './reply.js';

/** Where the visitor goes next, and the cookies that go along. */
export type Redirect = PlainRedirect | Departure | HandOff;

export interface PlainRedirect {
  readonly kind: 'redirect';
  readonly location: string;
  readonly cookies: readonly string[];
}

/** To the provider, on behalf of a tunnel. */
export interface Departure extends Omit<PlainRedirect, 'kind'> {
  readonly kind: 'departure';
  /** Names the sign-in in this browser. */
  readonly state: string;
  /** The path to return to, when it is too long for the cookie. */
  readonly path: string | undefined;
}

/** With a ticket to a tunnel's host. `location` carries the ticket, for clients that cannot post it. */
export interface HandOff extends Omit<PlainRedirect, 'kind'> {
  readonly kind: 'hand-off';
  /** Of the tunnel. */
  readonly origin: string;
  readonly path: string;
  readonly ticket: string;
  /** Of the sign-in that ends here; absent when the visitor was signed in before. */
  readonly state: string | undefined;
}

/** Takes the visitor to the next step of a sign-in. */
export function redirectReply(base: BaseAddress, request: Pick<VisitRequest, 'header'>, to: Redirect): Reply {
  if (to.kind === 'redirect' || !isBrowser(request)) return redirect(to.location, to.cookies);
  const url = base.origin + HAND_OFF_SCRIPT_PATH;
  const page = to.kind === 'departure' ? departurePage(to, url) : handOffPage(to, url);
  return pageReply(page, to.cookies.length > 0 ? { 'Set-Cookie': to.cookies } : {});
}

// Every browser of the last years says so on secure origins; a client that does not is taken for a program.
function isBrowser({ header }: Pick<VisitRequest, 'header'>): boolean {
  return header['sec-fetch-mode'] === 'navigate';
}

function departurePage({ location, state, path }: Departure, url: string): Page {
  const data = { provider: location, state, ...(path !== undefined && { path }) };
  const without = { label: 'Continue', href: location };
  return stepPage({ url, version: HAND_OFF_SCRIPT_VERSION, data, without, failure: [] });
}

function handOffPage({ location, origin, path, ticket, state }: HandOff, url: string): Page {
  const redeem = `${origin}/.postern/session`;
  const data = { ticket, redeem, origin, path, url: location, ...(state !== undefined && { state }) };
  return stepPage({
    url,
    version: HAND_OFF_SCRIPT_VERSION,
    data,
    connectTo: redeem,
    without: { label: 'Continue', href: location },
    failure: [
      { kind: 'text', text: 'This did not work. It may help to try once more.' },
      { kind: 'link', label: 'Try again', href: origin + path, rank: 'main' },
    ],
  });
}

function stepPage(script: PageScript): Page {
  return { title: 'Signing in', blocks: [], facts: [], script };
}
