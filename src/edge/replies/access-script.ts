/** The script of the page on which a visitor waits to be let in: it goes to the app as soon as the edge says that it is open. */
import { createHash } from 'node:crypto';

export const ACCESS_SCRIPT_PATH = '/access.js';

export const ACCESS_SCRIPT = `'use strict';
(() => {
  const { dataset } = document.currentScript;
  const events = new EventSource(dataset.events);
  events.addEventListener('open-to-you', () => {
    events.close();
    location.replace(dataset.app);
  });
})();
`;

/** Changes with the script, so that a browser may keep it for long. */
export const ACCESS_SCRIPT_VERSION = createHash('sha256').update(ACCESS_SCRIPT).digest('base64url').slice(0, 12);
