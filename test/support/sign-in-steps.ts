/**
 * A sign-in taken apart: follows redirects, the edge's own pages and the account page up to a URL at which the test wants to do something
 * else than a browser would, and gives that URL unvisited.
 */
import { readForms } from './forms.js';
import { type HandOff, readHandOff } from './hand-off.js';
import type { Visitor, VisitorResponse } from './visitor.js';

/** The URL that would bring the provider's answer back to the edge. */
export function callbackUrl(visitor: Visitor, start: string, account: string): Promise<string> {
  return walk(visitor, start, account, (url) => url.pathname === '/oauth2/callback');
}

/** The URL that would redeem the ticket on a tunnel's host, where it is not posted. */
export function ticketUrl(visitor: Visitor, start: string, account: string): Promise<string> {
  return walk(visitor, start, account, (url) => url.searchParams.has('ticket'));
}

/** The page of the base host whose script would post the ticket, unposted. */
export async function handOff(visitor: Visitor, start: string, account: string): Promise<HandOff> {
  const callback = await callbackUrl(visitor, start, account);
  const { text } = await visitor.navigate(callback);
  const step = readHandOff(text);
  if (step?.kind !== 'hand-off') throw new Error(`no hand-off at ${callback}:\n${text}`);
  return step;
}

async function walk(visitor: Visitor, start: string, account: string, isEnd: (url: URL) => boolean): Promise<string> {
  let response = await visitor.navigate(start);
  for (let hops = 0; hops < 20; hops++) {
    const step = readHandOff(response.text);
    const location = response.headers.location ?? (step?.kind === 'departure' ? step.provider : step?.url);
    if (location === undefined) {
      response = await choose(visitor, response, account);
      continue;
    }
    const next = new URL(location, response.url);
    if (isEnd(next)) return next.href;
    response = await visitor.navigate(next.href);
  }
  throw new Error(`a sign-in without end, at ${response.url}`);
}

function choose(visitor: Visitor, page: VisitorResponse, account: string): Promise<VisitorResponse> {
  const form = readForms(page.text, page.url).find(({ buttons }) => buttons.some(([name]) => name === 'account'));
  if (form === undefined) throw new Error(`no account to choose at ${page.url} (${page.status}):\n${page.text}`);
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const body = new URLSearchParams({ account }).toString();
  return visitor.navigate(form.action.href, { method: 'POST', headers, body, initiator: new URL(page.url).origin });
}
