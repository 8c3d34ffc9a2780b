/**
 * The script of pages that show what happens: after each event about its tunnel the page is fetched again, and the live part
 * of it replaced. Without the script the same page works by reloading it.
 */
import { createHash } from 'node:crypto';

export const LIVE_SCRIPT_PATH = '/live.js';

export const LIVE_SCRIPT = `'use strict';
(() => {
  const { dataset } = document.currentScript;
  let timer;

  // What a button does, in words: it is found again by them after the page has changed.
  const keyOf = (button) => [...new FormData(button.form, button)].join('&') + button.textContent;

  async function refresh() {
    timer = undefined;
    const response = await fetch(dataset.page, { cache: 'no-store', redirect: 'error' });
    if (!response.ok) return location.reload();
    const next = new DOMParser().parseFromString(await response.text(), 'text/html').getElementById('live');
    const live = document.getElementById('live');
    if (next === null || next.innerHTML === live.innerHTML) return;
    const focused = live.contains(document.activeElement) && document.activeElement.form ? keyOf(document.activeElement) : undefined;
    live.replaceChildren(...next.childNodes);
    if (focused !== undefined) [...live.querySelectorAll('button')].find((button) => keyOf(button) === focused)?.focus();
  }

  const events = new EventSource(dataset.events);
  for (const kind of ['tunnel', 'access', 'people', 'knock', 'invite', 'access-token', 'resync']) {
    events.addEventListener(kind, ({ data }) => {
      const { tunnel } = JSON.parse(data);
      if (tunnel !== undefined && dataset.tunnel !== undefined && tunnel !== dataset.tunnel) return;
      timer ??= setTimeout(() => void refresh().catch(() => {}), 100);
    });
  }
})();
`;

/** Changes with the script, so that a browser may keep it for long. */
export const LIVE_SCRIPT_VERSION = createHash('sha256').update(LIVE_SCRIPT).digest('base64url').slice(0, 12);
