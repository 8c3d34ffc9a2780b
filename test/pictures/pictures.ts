/**
 * `npm run pictures`: draws the pictures of README from the running product, light and dark: an edge, its provider, an app,
 * an agent in a terminal (tmux), its inspector and a tunnel's page in Chromium. They are written to `docs/pictures`.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { TestBrowser } from '../support/browser.js';
import { POSTERN } from '../support/processes.js';
import { PROJECT_ROOT } from '../support/project-root.js';
import type { Visitor } from '../support/visitor.js';
import { startWorld, type World } from '../support/world.js';
import { startApp } from './app.js';
import { screenPage } from './screen.js';

const FOLDER = join(PROJECT_ROOT, 'docs', 'pictures');
const SESSION = `postern-pictures-${process.pid}`;
const SCHEMES = ['light', 'dark'] as const;
const SIZE = { width: 1_180, height: 720 };

const closing: (() => unknown)[] = [];
try {
  await draw();
} finally {
  for (const close of closing.reverse()) await close();
}

async function draw(): Promise<void> {
  mkdirSync(FOLDER, { recursive: true });
  const world = await startWorld({ manyAddresses: true, tunnels: '*' });
  closing.push(() => world.close());
  const app = await startApp();
  closing.push(app.close);
  const browser = await TestBrowser.start();
  closing.push(() => browser.close());
  await startTerminal(world, app.port);
  await visit(world);
  const inspector = await shown(/http:\/\/127\.0\.0\.1:\d+\/#key=[\w-]+/);
  for (const colorScheme of SCHEMES) {
    const terminal = await browser.page({ colorScheme });
    await terminal.setContent(screenPage(screen(), colorScheme));
    await terminal.locator('body').screenshot({ path: pictureOf('terminal', colorScheme) });
    await drawInspector(await browser.page({ colorScheme, ...SIZE }), inspector, colorScheme);
    await drawTunnelPage(
      await browser.page({ colorScheme, width: 900, visitor: await world.signedIn('dev') }),
      world,
      colorScheme,
    );
  }
}

async function drawInspector(page: Page, address: string, scheme: string): Promise<void> {
  await page.goto(address);
  const row = page.getByRole('row').filter({ hasText: '/api/orders' }).first();
  await row.click();
  await page.getByText('ana@acme.com').first().waitFor();
  await page.screenshot({ path: pictureOf('inspector', scheme) });
}

async function drawTunnelPage(page: Page, world: World, scheme: string): Promise<void> {
  await page.goto(`${world.base}/tunnels/shop`);
  await page.screenshot({ path: pictureOf('tunnel', scheme) });
}

function pictureOf(what: string, scheme: string): string {
  return join(FOLDER, `${what}-${scheme}.png`);
}

/** The agent, as a developer starts it. */
async function startTerminal(world: World, port: number): Promise<void> {
  const environment = {
    POSTERN_EDGE: world.base,
    POSTERN_TOKEN: await world.token({ ttl: '30d' }),
    POSTERN_NOTIFY: 'off',
  };
  const settings = Object.entries(environment).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
  const command = [
    process.execPath,
    POSTERN,
    'http',
    String(port),
    '--name',
    'shop',
    '--allow',
    '@acme.com',
    '--inspect',
    '127.0.0.1:0',
  ];
  tmux('new-session', '-d', '-s', SESSION, '-x', '104', '-y', '20', ...settings, ...command);
  closing.push(() => tmux('kill-session', '-t', SESSION));
  await shown(/inspect/);
}

/** What three people do: two who are allowed, and one who asks to be let in. */
async function visit(world: World): Promise<void> {
  const url = world.urlOf('shop');
  const [ana, bob, eve] = [world.visitor(), world.visitor(), world.visitor()];
  await ana.signIn(`${url}/`, 'ana');
  await bob.signIn(`${url}/cart`, 'bob');
  for (const [who, path] of [
    [ana, '/assets/app.css'],
    [ana, '/api/orders'],
    [bob, '/api/orders'],
    [bob, '/missing'],
  ] as const)
    await who.fetch(`${url}${path}`);
  await order(ana, url);
  await eve.signIn(`${url}/`, 'eve');
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  await eve.fetch(`${world.base}/access`, {
    method: 'POST',
    headers: form,
    body: 'to=shop&message=May+I+see+the+demo%3F',
  });
  await shown(/May I see the demo/);
}

async function order(who: Visitor, url: string): Promise<void> {
  const body = JSON.stringify({ customer: 'ACME Ltd', items: [{ sku: 'lamp-2', quantity: 3 }], express: true });
  await who.fetch(`${url}/api/orders`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
}

/** Waits until the terminal shows it; gives what it is. */
async function shown(pattern: RegExp): Promise<string> {
  for (let tries = 0; tries < 300; tries++) {
    const [found] = pattern.exec(tmux('capture-pane', '-p', '-J', '-t', SESSION)) ?? [];
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the terminal never showed ${pattern}:\n${screen()}`);
}

function screen(): string {
  return tmux('capture-pane', '-e', '-p', '-t', SESSION);
}

function tmux(...args: readonly string[]): string {
  return execFileSync('tmux', args, { encoding: 'utf8' });
}
