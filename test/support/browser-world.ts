/**
 * Several tunnels of one edge on https, where they are the same site, and a person in a real browser who is signed in to each:
 * what their pages make the browser ask, and what of it arrives.
 */
import type { Page } from 'playwright-core';
import { arrive, chooseAccount, TestBrowser } from './browser.js';
import type { Line } from './processes.js';
import type { Seen } from './target.js';
import { startWorld, type World } from './world.js';

export class BrowserWorld {
  readonly world: World;
  readonly browser: TestBrowser;

  private constructor(world: World, browser: TestBrowser) {
    this.world = world;
    this.browser = browser;
  }

  static async start(): Promise<BrowserWorld> {
    const world = await startWorld({ domain: 'tunnel.test' });
    try {
      return new BrowserWorld(world, await TestBrowser.start({ anyCertificate: true }));
    } catch (error) {
      await world.close();
      throw error;
    }
  }

  /** A page of ana's, who is signed in to the world's tunnel and to others of these names. */
  async signedIn(...names: readonly string[]): Promise<Page> {
    const page = await this.browser.page();
    await page.goto(`${this.world.url}/`);
    await chooseAccount(page, 'ana');
    await page.waitForURL(`${this.world.url}/**`);
    for (const name of names) await arrive(page, `${this.world.urlOf(name)}/`);
    return page;
  }

  /** The edge's line of the request for a path; the requests of a page may come late. */
  answered(path: string, mark: number): Promise<Line> {
    return this.world.edge.record((line) => line['msg'] === 'request' && line['path'] === path, mark);
  }

  /** The requests for a path that have reached the target, whatever their query. */
  async reached(path: string): Promise<Seen[]> {
    return (await this.world.target.seen()).filter(({ url }) => url.split('?')[0] === path);
  }

  async close(): Promise<void> {
    await this.browser.close();
    await this.world.close();
  }
}

/** The URL of a page of the target, with this body. */
export function html(origin: string, body: string): string {
  return `${origin}/answer?${new URLSearchParams([
    ['header', 'Content-Type: text/html'],
    ['body', body],
  ])}`;
}
