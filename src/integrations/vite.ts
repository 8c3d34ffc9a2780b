/**
 * The plugin for Vite: a dev server that is shared while it runs. Vite is left as it is configured: the agent rewrites `Host`, so
 * that `server.allowedHosts` protects as before, and the client of HMR finds its socket at the address of its page.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { styleText } from 'node:util';
import type { Plugin, ResolvedConfig, ViteDevServer } from 'vite';
import { hasColours } from '../cli/process/colours.js';
import { type AppOptions, SharedApp } from './shared-app.js';

export interface PosternOptions extends AppOptions {
  /** Whether the server is shared. On unless given; for a switch of your own. */
  readonly enabled?: boolean;
}

// An edge that is reachable needs a fraction: then its line is among those of the start.
const PATIENCE_MS = 1_000;

// A command that prints its URLs does so at once after it listens.
const PRINTED_WITHIN_MS = 100;

/**
 * Shares Vite's dev server, and prints its URL with Vite's own. Options as those of `openTunnel`; without any, the tunnel is
 * for you alone. Does nothing in builds, previews, tests and middleware mode, and never stops the server.
 *
 * ```js
 * export default defineConfig({ plugins: [postern({ allow: ['@acme.com'] })] });
 * ```
 */
export function postern({ enabled = true, ...options }: PosternOptions = {}): Plugin {
  return {
    name: 'postern',
    apply: (_config, { command, mode, isPreview }) => enabled && command === 'serve' && !isPreview && mode !== 'test',
    configureServer(server) {
      if (server.httpServer === null) return; // middleware mode: the server is another program's
      checkSocket(server.config);
      share(server, SharedApp.of(server.config.root, options), options.allow ?? []);
    },
  };
}

function share(server: ViteDevServer, app: SharedApp, allow: readonly string[]): void {
  const { listen, close, printUrls, httpServer } = server;
  const lines = new SharedLine(server, app, allow);
  const own = app.expect();
  httpServer?.once('close', () => app.gone(own));
  server.listen = async (port, isRestart) => {
    const listening = await listen.call(server, port, isRestart);
    const { local = [], network = [] } = server.resolvedUrls ?? {};
    const [target] = [...local, ...network];
    if (target !== undefined) await app.listens(own, new URL(target).origin, server.config.logger, PATIENCE_MS);
    void lines.printSoon();
    return listening;
  };
  server.printUrls = () => {
    printUrls.call(server);
    lines.print();
  };
  server.close = async () => {
    await close.call(server);
    app.gone(own); // one that has never listened emits nothing
    await SharedApp.settled();
  };
}

/** The line of the URL: with those of Vite if it is known by then, else once it is. */
class SharedLine {
  readonly #server: ViteDevServer;
  readonly #app: SharedApp;
  readonly #allow: readonly string[];
  #printed: string | undefined;
  #isLate = false;

  constructor(server: ViteDevServer, app: SharedApp, allow: readonly string[]) {
    this.#server = server;
    this.#app = app;
    this.#allow = allow;
    this.#printed = app.url; // of a server before a restart
    app.onUrl = (url) => {
      if (this.#isLate && url !== this.#printed) this.print();
    };
  }

  print(): void {
    const { url } = this.#app;
    this.#isLate = true;
    if (url === undefined) return;
    this.#printed = url;
    const { config } = this.#server;
    const path = config.base.startsWith('/') ? config.base : '/';
    config.logger.info(lineOf(`${url}${path}`, this.#allow));
  }

  async printSoon(): Promise<void> {
    await delay(PRINTED_WITHIN_MS, undefined, { ref: false });
    if (this.#printed !== this.#app.url) this.print();
    this.#isLate = true;
  }
}

/** As Vite writes `Local` and `Network`. */
function lineOf(url: string, allow: readonly string[]): string {
  const colour = hasColours();
  const style = (format: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(format, text, { validateStream: false }) : text;
  const who = allow.length === 0 ? 'for you alone' : `for ${allow.join(', ')}`;
  return `  ${style('green', '➜')}  ${style('bold', 'Shared')}:  ${style('cyan', url)}  ${style('dim', who)}`;
}

/** Vite's client would look for its socket at a port of the visitor's own. */
function checkSocket({ server, logger }: ResolvedConfig): void {
  const { hmr, ws, port: own } = server as { hmr?: unknown; ws?: unknown; port?: number };
  const port = [ws, hmr].map(portOf).find((found) => found !== undefined);
  if (port === undefined || port === own) return;
  logger.warn(
    `postern: server.hmr names port ${port}, which visitors cannot reach: without it, HMR takes the address of the page.`,
  );
}

function portOf(options: unknown): unknown {
  if (typeof options !== 'object' || options === null) return undefined;
  const { port, clientPort } = options as { port?: unknown; clientPort?: unknown };
  return clientPort ?? port;
}
