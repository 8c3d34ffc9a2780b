/**
 * A real browser for tests: Debian's Chromium driven by `playwright-core`, headless, with a new profile each time and
 * with every host name resolved to 127.0.0.1, so that `*.localhost` and made-up domains reach the edge. Where there is
 * no Chromium, a test is skipped with the reason.
 */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Browser, type ConsoleMessage, chromium, type Page } from 'playwright-core';
import { deferred } from './deferred.js';
import { PROJECT_ROOT } from './project-root.js';

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

// Without these Chromium looks for updates and for hosts of its maker, which are out of reach and fill the console.
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--host-resolver-rules=MAP * 127.0.0.1',
];

/** Where Chromium is; `CHROMIUM_PATH` goes before the usual places. Undefined when there is none. */
export function chromiumPath(): string | undefined {
  const { CHROMIUM_PATH: given } = process.env;
  return (given ? [given] : PLACES).find(isExecutable);
}

/** For `test(name, { skip: browserMissing() }, ...)`: false, or why a browser test cannot run here. */
export function browserMissing(): string | false {
  return chromiumPath() === undefined && 'no Chromium here: "npm run verify" installs it, or set CHROMIUM_PATH';
}

/** What a page reported as wrong: console errors, uncaught errors, requests that failed. */
export type Complaints = readonly string[];

export class TestBrowser {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  /** Starts Chromium; service workers on https need `anyCertificate`. */
  static async start(options: { anyCertificate?: true } = {}): Promise<TestBrowser> {
    const executablePath = chromiumPath();
    if (executablePath === undefined) throw new Error('no Chromium here');
    const args = options.anyCertificate ? [...FLAGS, '--ignore-certificate-errors'] : FLAGS;
    return new TestBrowser(await chromium.launch({ executablePath, args, headless: true }));
  }

  /** A page of a person who has never been here: no cookie is shared with another one. */
  async page(options: { colorScheme?: 'light' | 'dark'; width?: number } = {}): Promise<Page> {
    const viewport = { width: options.width ?? 1200, height: 800 };
    const context = await this.#browser.newContext({
      ignoreHTTPSErrors: true,
      viewport,
      colorScheme: options.colorScheme ?? 'light',
    });
    return context.newPage();
  }

  async close(): Promise<void> {
    await withCeiling(this.#browser.close(), 'the browser to close');
  }
}

/** Collects what goes wrong in a page from now on. */
export function watch(page: Page): Complaints {
  const complaints: string[] = [];
  page.on('console', (message: ConsoleMessage) => {
    if (message.type() === 'error') complaints.push(`console: ${message.text()}`);
  });
  page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
  page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()} ${request.failure()?.errorText}`));
  return complaints;
}

/** Writes `screenshots/<name>.png`, which git ignores, for a person to look at. */
export async function screenshot(page: Page, name: string): Promise<string> {
  const folder = join(PROJECT_ROOT, 'screenshots');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path, fullPage: true });
  return path;
}

/** Runs a script in a page, which by itself would wait without end for what the script waits for. */
export function evaluate(page: Page, script: string): Promise<unknown> {
  return withCeiling(page.evaluate(script), script);
}

// Only a ceiling for a wait that would never end: it decides no test, it explains a failed one.
function withCeiling<T>(wait: Promise<T>, what: string): Promise<T> {
  const { promise, reject } = deferred<never>();
  const ceiling = setTimeout(() => reject(new Error(`was waited for too long: ${what}`)), 30_000);
  return Promise.race([wait, promise]).finally(() => clearTimeout(ceiling));
}

/** Closes a page. Not waited for: of one that has just opened a window or submitted a form Chromium may never say that it is closed. */
export function dismiss(page: Page): void {
  void page.close().catch(() => {}); // it ends with the browser then
}

/** Opens a URL and waits until the browser is there, by whatever pages of the edge lead to it. */
export async function arrive(page: Page, url: string): Promise<void> {
  await page.goto(url);
  await page.waitForURL(url);
}

/** Chooses an account on the test provider's page, and waits until the browser has left it. */
export async function chooseAccount(page: Page, account: string): Promise<void> {
  await page.locator(`button[name=account][value="${account}"]`).click();
  await page.waitForURL((url) => !url.pathname.startsWith('/interaction/'));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false; // absent, or not ours to run
  }
}
