/**
 * A real browser for tests: Debian's Chromium driven by `playwright-core`, headless, with a new profile for each person and
 * with every host name resolved to 127.0.0.1, so that `*.localhost` and made-up domains reach the edge. Where there is
 * no Chromium, a test is skipped with the reason.
 */
import { createHash, X509Certificate } from 'node:crypto';
import { accessSync, constants, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser, BrowserContext, ConsoleMessage, Page } from 'playwright-core';
import { MAX_WAIT_MS } from './ceiling.js';
import type { Cookie } from './cookie-jar.js';
import { deferred } from './deferred.js';
import { PROJECT_ROOT } from './project-root.js';
import { CERTIFICATE_PATH } from './tls-front.js';
import type { Visitor } from './visitor.js';

// The headless shell is Chromium without the windows that nobody sees here: a page of another person takes half of the
// processor time, since a new profile and a window of the browser are most of it.
const PLACES = [
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

// Chromium takes the last such list, so playwright-core's stands here again. Before it, what costs more than all pages of a
// test together: each new window loads two hidden pages for suggestions below the address bar, which work for ten seconds.
const FEATURES_OFF = [
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'SpareRendererForSitePerProcess',
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
];

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
  `--disable-features=${FEATURES_OFF.join(',')}`,
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

export interface BrowserOptions {
  /** Service workers on https need it. */
  readonly anyCertificate?: true;
  /** The certificate of the tests is as good as one of an authority: only then does a connection serve several hosts. */
  readonly knowsCertificate?: true;
}

export interface PageOptions {
  readonly colorScheme?: 'light' | 'dark';
  readonly width?: number;
  /** Whose cookies the browser has; without one the person has never been here. */
  readonly visitor?: Visitor;
}

/** A Chromium of this process, by its flags, and those who use it or have said that they will. */
interface SharedChromium {
  users: number;
  launched: Promise<Browser> | undefined;
}

const shared = new Map<string, SharedChromium>();

/** One of those who use a Chromium of this process, which ends with the last of them: its start costs more than most pages. */
export class TestBrowser {
  readonly #args: readonly string[];
  readonly #ignoreHTTPSErrors: boolean;
  readonly #contexts: BrowserContext[] = [];
  #browser: Browser | undefined;

  /** Announces a user. Call `close` for each. */
  constructor({ anyCertificate, knowsCertificate }: BrowserOptions = {}) {
    this.#ignoreHTTPSErrors = knowsCertificate !== true;
    this.#args = [
      ...FLAGS,
      ...(anyCertificate ? ['--ignore-certificate-errors'] : []),
      ...(knowsCertificate ? [`--ignore-certificate-errors-spki-list=${keyHash()}`] : []),
    ];
    this.#shared.users += 1;
  }

  get #shared(): SharedChromium {
    const key = this.#args.join();
    const found = shared.get(key) ?? { users: 0, launched: undefined };
    shared.set(key, found);
    return found;
  }

  static async start(options: BrowserOptions = {}): Promise<TestBrowser> {
    const browser = new TestBrowser(options);
    await browser.start();
    return browser;
  }

  /** Starts Chromium where it does not run yet. */
  async start(): Promise<void> {
    this.#shared.launched ??= launch(this.#args);
    this.#browser = await this.#shared.launched;
  }

  /** A page of another person: no cookie is shared with another page. */
  async page({ colorScheme = 'light', width = 1200, visitor }: PageOptions = {}): Promise<Page> {
    if (this.#browser === undefined) throw new Error('the browser has not started');
    const viewport = { width, height: 800 };
    const ignoreHTTPSErrors = this.#ignoreHTTPSErrors;
    const context = await this.#browser.newContext({ ignoreHTTPSErrors, viewport, colorScheme });
    context.setDefaultTimeout(MAX_WAIT_MS);
    this.#contexts.push(context);
    if (visitor !== undefined) await context.addCookies(visitor.jar.all().map(browserCookie));
    return context.newPage();
  }

  /** Closes its pages, and Chromium behind its last user. */
  async close(): Promise<void> {
    for (const context of this.#contexts.splice(0)) void context.close().catch(() => {}); // not waited for, as with `dismiss`
    this.#shared.users -= 1;
    if (this.#shared.users > 0) return;
    const browser = await this.#shared.launched;
    this.#shared.launched = undefined;
    if (browser !== undefined) await withCeiling(browser.close(), 'the browser to close');
  }
}

async function launch(args: readonly string[]): Promise<Browser> {
  const executablePath = chromiumPath();
  if (executablePath === undefined) throw new Error('no Chromium here');
  const { chromium } = await import('playwright-core'); // a second of processor time, and most tests see no browser
  return chromium.launch({ executablePath, args: [...args], headless: true, timeout: MAX_WAIT_MS });
}

/** The hash of the key in the certificate of the tests, as Chromium takes it. */
function keyHash(): string {
  const { publicKey } = new X509Certificate(readFileSync(CERTIFICATE_PATH));
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest('base64');
}

const SAME_SITE = { strict: 'Strict', lax: 'Lax', none: 'None' } as const;

function browserCookie({ hostOnly, domain, expiresAtMs, sameSite, ...cookie }: Cookie) {
  return {
    name: cookie.name,
    value: cookie.value,
    domain: hostOnly ? domain : `.${domain}`,
    path: cookie.path,
    secure: cookie.secure,
    httpOnly: cookie.httpOnly,
    sameSite: SAME_SITE[sameSite],
    expires: Number.isFinite(expiresAtMs) ? expiresAtMs / 1_000 : -1, // -1: until the browser ends
  };
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

/** Writes `screenshots/<name>.png`, which git ignores, for a person to look at, where `SCREENSHOTS` is set: each takes a second. */
export async function screenshot(page: Page, name: string): Promise<void> {
  if (!process.env['SCREENSHOTS']) return;
  const folder = join(PROJECT_ROOT, 'screenshots');
  mkdirSync(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true });
}

/** Runs a script in a page, which by itself would wait without end for what the script waits for. */
export function evaluate(page: Page, script: string): Promise<unknown> {
  return withCeiling(page.evaluate(script), script);
}

function withCeiling<T>(wait: Promise<T>, what: string): Promise<T> {
  const { promise, reject } = deferred<never>();
  const ceiling = setTimeout(() => reject(new Error(`was waited for too long: ${what}`)), MAX_WAIT_MS);
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
