/** Starts the inspector's page: lets the person in, shows the page, and follows the agent. */
import { render } from 'preact';
import { followAddress } from './state/history.js';
import { onKey } from './state/keys.js';
import { connect, followFilter } from './state/live.js';
import { enter } from './state/session.js';
import { App } from './view/app.js';

const place = document.getElementById('app');
if (place === null) throw new Error('index.html has no #app');

await enter();
render(<App />, place);
document.addEventListener('keydown', onKey);
followAddress();
followFilter();
void connect();
