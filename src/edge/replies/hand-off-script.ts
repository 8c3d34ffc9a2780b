/**
 * The one script of our pages, served by the base host, where no app runs. It does what a redirect cannot: keep the
 * fragment of a URL, which servers never see, and a path too long for a cookie, over a sign-in; and carry a ticket to a
 * tunnel's host without a URL that a service worker of the app could read.
 */
import { createHash } from 'node:crypto';

export const HAND_OFF_SCRIPT_PATH = '/oauth2/hand-off.js';

export const HAND_OFF_SCRIPT = `'use strict';
(() => {
  const { dataset } = document.currentScript;
  const PREFIX = 'postern ';
  const MAX_CHARS = 131072; // a path and a fragment
  const MAX_OTHERS = 4; // of sign-ins that this tab has left unfinished; their names sort by age

  function keep(state, text) {
    try {
      const others = Object.keys(sessionStorage).filter((name) => name.startsWith(PREFIX)).sort();
      for (const name of others.slice(0, -MAX_OTHERS)) sessionStorage.removeItem(name);
      if (text !== '' && text.length <= MAX_CHARS) sessionStorage.setItem(PREFIX + state, text);
    } catch {
      // no storage or no room: the visitor arrives without the fragment
    }
  }

  function take(state) {
    try {
      const text = sessionStorage.getItem(PREFIX + state) || '';
      sessionStorage.removeItem(PREFIX + state);
      return text;
    } catch {
      return '';
    }
  }

  // To the start at a provider that the visitor chooses.
  if (dataset.choice) {
    for (const link of document.querySelectorAll('li a')) link.hash = location.hash;
    return;
  }

  // To the provider.
  if (dataset.provider) {
    keep(dataset.state, (dataset.path || '') + location.hash);
    location.replace(dataset.provider);
    return;
  }

  // To the tunnel.
  const kept = dataset.state ? take(dataset.state) : location.hash;
  const cut = kept.includes('#') ? kept.indexOf('#') : kept.length;
  const path = kept.startsWith('/') ? kept.slice(0, cut) : dataset.path;
  const fragment = kept.slice(cut);
  if (dataset.state) history.replaceState(null, '', location.pathname); // the code was used; a reload must not send it again
  const byUrl = () => {
    const more = kept.startsWith('/') ? '&rd=' + path.replace(/[%&+#]/g, encodeURIComponent) : '';
    return dataset.url + more + fragment;
  };
  fetch(dataset.redeem, { method: 'POST', body: dataset.ticket, credentials: 'include', cache: 'no-store', redirect: 'error' })
    .then((response) => (response.ok ? response.json() : {}))
    .then(({ redeemed }) => {
      if (redeemed === undefined) throw new Error('refused');
      location.replace(redeemed ? dataset.origin + path + fragment : byUrl());
    })
    .catch(() => {
      document.getElementById('failure').hidden = false;
    });
})();
`;

/** Changes with the script, so that a browser may keep it for long. */
export const HAND_OFF_SCRIPT_VERSION = createHash('sha256').update(HAND_OFF_SCRIPT).digest('base64url').slice(0, 12);
