/**
 * `npm run demo`: an identity provider, an edge, a sample app and an agent in one process, and one URL to open.
 * Options: `--port N` for another port than 8080, `--open` to open the browser. Ctrl-C stops all of it.
 */
import { randomBytes } from 'node:crypto';
import { KnockNotifier } from '../../src/cli/live/knock-notifier.js';
import { LiveAccess } from '../../src/cli/live/live-access.js';
import { readKeys } from '../../src/cli/live/live-keys.js';
import type { Asker } from '../../src/cli/output/people-lines.js';
import { createToken, loadEdgeConfig, silentLog, startAgent, startEdge } from '../../src/index.js';
import { startProvider } from '../support/provider.js';
import { startSampleApp } from './app/sample-app.js';
import { openBrowser } from './browser.js';
import { ANA, EVE, welcome } from './cast.js';
import { DemoTerminal } from './demo-terminal.js';
import { complain, explain, readOptions, Sentence } from './options.js';

const OWNER = 'dev@acme.com';
const RULES = ['@acme.com'];
const DAY_MS = 86_400_000;

// Nobody is served any more when this begins: long enough for every socket to close.
const STOP_GRACE_MS = 2_000;

/** How to stop what was started, the latest first. */
const running: (() => Promise<void> | void)[] = [];

process.once('SIGINT', () => stop(130));
process.once('SIGTERM', () => stop(0));
try {
  await startDemo(readOptions(process.argv.slice(2)));
} catch (error) {
  complain(explain(error));
  stop(error instanceof Sentence ? error.exitCode : 1);
}

async function startDemo({ port, open }: { readonly port: number; readonly open: boolean }): Promise<void> {
  const base = `http://localhost:${port}`;
  const url = `http://demo.localhost:${port}`;
  const secret = randomBytes(32).toString('base64url');
  const [redirectUris, signedOutUris] = [[`${base}/oauth2/callback`], [`${base}/oauth2/signed_out`]];
  const client = { id: 'demo', secret, redirectUris, signedOutUris };
  const provider = await startProvider({ clients: [client], accounts: [ANA, EVE] });
  running.unshift(provider.close);

  const env = {
    POSTERN_URL: base,
    POSTERN_LISTEN: `127.0.0.1:${port}`,
    POSTERN_ADMIN_LISTEN: '127.0.0.1:0',
    POSTERN_SECRET: secret,
    POSTERN_OIDC_ISSUER: provider.issuer,
    POSTERN_OIDC_CLIENT_ID: client.id,
    POSTERN_OIDC_CLIENT_SECRET: secret,
  };
  const config = loadEdgeConfig({ env, flags: {} });
  const log = { ...silentLog, error: (_fields: unknown, message: string) => complain(message) };
  const edge = await startEdge(config, { log, audit: silentLog });
  running.unshift(() => edge.close());

  const app = await startSampleApp({ edge: base, origin: url });
  running.unshift(app.close);

  const token = await createToken(config.secrets, { owner: OWNER, tunnels: ['demo'], ttlMs: DAY_MS });
  const events = new DemoTerminal({ edge: base, target: app.url, allow: RULES }, () => {
    process.stdout.write(welcome(url));
    if (open) openBrowser(url);
  });
  const options = { edge: base, token, name: 'demo', allow: RULES, target: app.url, hostHeader: 'rewrite' } as const;
  const agent = startAgent({ ...options, log: silentLog, events });
  running.unshift(() => agent.destroy());
  await agent.online;
  const screen = process.stdout.isTTY ? events.screen : undefined;
  const [ring, failed] = [(text: string) => events.screen.ring(text), (text: string) => events.hint(text)];
  const notifier = screen && new KnockNotifier({ tunnel: 'demo', env: process.env, ring, failed });
  const knocked = notifier && ((asker: Asker) => notifier.knock(asker));
  const keys = readKeys(screen);
  const live = new LiveAccess({ edge: base, token: async () => token, url, view: events, keys, knocked });
  running.unshift(() => {
    live.close();
    keys?.close();
  });
  void live.follow();
  await agent.ended;
}

function stop(exitCode: number): void {
  setTimeout(() => process.exit(exitCode), STOP_GRACE_MS);
  Promise.allSettled(running.map((end) => end())).then(() => process.exit(exitCode));
}
