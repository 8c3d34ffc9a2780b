/**
 * The inspector of a process: opened when the first of its tunnels is up, so that the URL need not wait for it. That it cannot be
 * opened is said, and ends nothing.
 */
import type { InspectedTunnel } from '../../agent/inspector/inspected-tunnels.js';
import type { Inspector } from '../../agent/inspector/inspector.js';
import type { Tap } from '../../agent/target/tap.js';
import { addressText } from '../../config/addresses.js';
import type { InspectConfig } from '../../config/inspect.js';
import type { Display } from '../output/display.js';
import { readVersion } from '../process/version.js';

export class Inspection {
  readonly #config: InspectConfig;
  readonly #display: Pick<Display, 'inspect' | 'hint'>;
  #opening: Promise<Inspector | undefined> | undefined;
  #inspector: Inspector | undefined;
  #unpublish: () => void = () => {};
  #isClosed = false;

  constructor(config: InspectConfig, display: Pick<Display, 'inspect' | 'hint'>) {
    this.#config = config;
    this.#display = display;
  }

  /** The address with the key, once the inspector is open. */
  get address(): string | undefined {
    return this.#inspector && `${this.#inspector.origin}/#key=${this.#inspector.key}`;
  }

  /** Undefined until it is open. */
  get inspector(): Inspector | undefined {
    return this.#inspector;
  }

  /** Shows one more tunnel. Resolves to what captures its traffic, undefined where there is no inspector. Never rejects. */
  async add(tunnel: InspectedTunnel): Promise<Tap | undefined> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#display.hint(failureText(error, this.#config));
      return undefined;
    });
    return (await this.#opening)?.add(tunnel);
  }

  /** A tunnel has ended. */
  remove(tunnel: InspectedTunnel): void {
    this.#inspector?.remove(tunnel);
  }

  close(): void {
    this.#isClosed = true;
    this.#unpublish();
    this.#inspector?.close();
  }

  async #open(): Promise<Inspector | undefined> {
    // Here: the tunnel is up before any of it is loaded.
    const { Inspector: Opened } = await import('../../agent/inspector/inspector.js');
    const { publishInspector } = await import('../process/inspector-files.js');
    const inspector = new Opened({ ...this.#config, version: readVersion() });
    await inspector.listen();
    if (this.#isClosed) return void inspector.close();
    this.#inspector = inspector;
    const { origin, key } = inspector;
    try {
      this.#unpublish = publishInspector({ origin, key });
    } catch (error) {
      this.#display.hint(`postern logs and replay cannot find the inspector: ${(error as Error).message}`);
    }
    this.#display.inspect({ origin, withKey: `${origin}/#key=${key}` });
    return inspector;
  }
}

function failureText(error: unknown, config: InspectConfig): string {
  const { code } = error as NodeJS.ErrnoException;
  const reason = code === 'EADDRINUSE' ? 'the address is taken' : (error as Error).message;
  return `there is no inspector at ${addressText(config)}: ${reason}; --inspect chooses another`;
}
