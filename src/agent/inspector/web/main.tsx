/** Starts the inspector's page: lets the person in, shows the page, and follows the agent. */
import { effect } from '@preact/signals';
import { render } from 'preact';
import { writeAddress } from './state/address.js';
import { onKey } from './state/keys.js';
import { connect, followFilter } from './state/live.js';
import { enter } from './state/session.js';
import * as store from './state/store.js';
import { App } from './view/app.js';

const place = document.getElementById('app');
if (place === null) throw new Error('index.html has no #app');

await enter();
render(<App />, place);
document.addEventListener('keydown', onKey);
// The filter and the open exchange are in the address, so that a reload shows the same.
effect(() => {
  const open = store.recording.value === null ? store.openId.value : null;
  history.replaceState(null, '', location.pathname + writeAddress({ filter: store.filterText.value, open }));
});
followFilter();
void connect();
