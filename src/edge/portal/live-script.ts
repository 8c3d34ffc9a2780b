/**
 * The script of pages that show what happens: after each event about its tunnel the page is fetched again, and the live part
 * of it replaced. Nothing moves under a pointer or a focus that is about to press something: until it has gone elsewhere, or
 * the person asks for it, a line at the lower edge says how much is new. Without the script the same page works by reloading it.
 */
import { createHash } from 'node:crypto';
import type { BaseAddress } from '../../core/hostname.js';
import type { Page } from '../replies/page.js';

export const LIVE_SCRIPT_PATH = '/live.js';

export const LIVE_SCRIPT = `'use strict';
(() => {
  const { dataset } = document.currentScript;
  const live = document.getElementById('live');
  let timer;
  let isPressed = false;
  let waiting;
  let focused;

  // It is there before it has anything to say: screen readers speak what changes in it.
  const news = document.createElement('div');
  news.className = 'news';
  const status = news.appendChild(document.createElement('p'));
  status.setAttribute('role', 'status');
  const show = news.appendChild(document.createElement('button'));
  show.className = 'act';
  show.textContent = 'Show';
  show.hidden = true;
  document.querySelector('main').append(news);

  // What a button does, in words: it is found again by them after the page has changed.
  const keyOf = (button) => [...new FormData(button.form, button)].join('&') + button.textContent;
  const keysOf = (part) => [...part.querySelectorAll('li form')].map((form) => keyOf(form.querySelector('button')));

  const aims = '.rows, button, a, input';
  const isAiming = () =>
    isPressed ||
    document.activeElement.matches('main button, main a, main input') ||
    [...document.querySelectorAll(aims)].some((element) => element.matches(':hover'));

  function apply() {
    if (waiting === undefined) return;
    const { activeElement } = document;
    const again = live.contains(activeElement) || activeElement === show ? focused : undefined;
    live.replaceChildren(...waiting.childNodes);
    waiting = undefined;
    show.hidden = true;
    news.className = 'news shown';
    if (again !== undefined) [...live.querySelectorAll('button')].find((button) => keyOf(button) === again)?.focus();
  }

  function settle() {
    if (waiting !== undefined && !isAiming()) apply();
  }

  async function refresh() {
    timer = undefined;
    const response = await fetch(dataset.page, { cache: 'no-store', redirect: 'error' });
    if (!response.ok) return location.reload();
    const next = new DOMParser().parseFromString(await response.text(), 'text/html').getElementById('live');
    if (next === null) return;
    if (next.innerHTML === live.innerHTML) {
      waiting = undefined;
      show.hidden = true;
      status.textContent = '';
      return;
    }
    const known = new Set(keysOf(live));
    const count = keysOf(next).filter((key) => !known.has(key)).length;
    const text = count > 0 ? count + ' new' : 'This page has changed';
    if (status.textContent !== text || news.className !== 'news') status.textContent = text;
    news.className = 'news';
    waiting = next;
    show.hidden = false;
    settle();
  }

  document.addEventListener('focusin', ({ target }) => {
    if (target === show) return;
    focused = live.contains(target) && target.form ? keyOf(target) : undefined;
  });
  document.addEventListener('pointerdown', () => (isPressed = true));
  for (const kind of ['pointerup', 'pointercancel']) document.addEventListener(kind, () => (isPressed = false));
  for (const kind of ['pointerup', 'pointercancel', 'pointermove', 'focusout', 'mouseleave'])
    document.addEventListener(kind, () => setTimeout(settle, 0)); // a click, or the next focus, comes first
  show.addEventListener('click', apply);

  const events = new EventSource(dataset.events);
  for (const kind of ['tunnel', 'access', 'people', 'knock', 'invite', 'access-token', 'sign-in', 'resync']) {
    events.addEventListener(kind, ({ data }) => {
      const { tunnel } = JSON.parse(data);
      if (tunnel !== undefined && dataset.tunnel !== undefined && tunnel !== dataset.tunnel) return;
      timer ??= setTimeout(() => void refresh().catch(() => {}), Number(dataset.wait));
    });
  }
})();
`;

/** Changes with the script, so that a browser may keep it for long. */
export const LIVE_SCRIPT_VERSION = createHash('sha256').update(LIVE_SCRIPT).digest('base64url').slice(0, 12);

export interface LivePage {
  /** Its path, and the path with the query as it is shown. */
  readonly path: string;
  readonly here: string;
  /** The tunnel whose events change it; undefined: all events do. */
  readonly tunnel?: string;
  /** How long it gathers events before it follows them, in milliseconds. */
  readonly waitMs?: number;
}

const WAIT_MS = 100;

/** The page with the script that follows what happens. */
export function livePage(
  { origin }: BaseAddress,
  page: Page,
  { path, here, tunnel, waitMs = WAIT_MS }: LivePage,
): Page {
  const events = `${origin}/.postern/api/v1/events`;
  const data = { events, page: origin + here, wait: String(waitMs), ...(tunnel !== undefined && { tunnel }) };
  const connectTo = `${events} ${origin}${path}`;
  const script = { url: origin + LIVE_SCRIPT_PATH, version: LIVE_SCRIPT_VERSION, data, connectTo, failure: [] };
  return { ...page, script };
}
