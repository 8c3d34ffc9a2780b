/**
 * Tells a person who looks elsewhere of a visitor who asks to be let in: on the desktop, else by the bell of the terminal. However
 * many ask, it tells a few times a minute, and runs one program at a time.
 */
import { printable } from '../../config/text.js';
import { truncateTo } from '../output/fit.js';
import type { Asker } from '../output/people-lines.js';
import { type DesktopProgram, desktopProgram, showOnDesktop } from '../process/desktop.js';

const MIN_GAP_MS = 10_000;

// What a desktop shows of a text.
const MAX_COLUMNS = 240;

// No email address is longer (RFC 5321), nor any message of an edge that keeps to its API.
const MAX_PART_CHARS = 256;

export interface KnockNotifierOptions {
  /** The name of the tunnel. */
  readonly tunnel: string;
  readonly env: NodeJS.ProcessEnv;
  readonly platform?: NodeJS.Platform;
  /** Rings the bell of the terminal and shows the text as it can; undefined without a terminal. */
  readonly ring?: ((text: string) => void) | undefined;
  /** Says, once, that the program does not work. */
  readonly failed: (sentence: string) => void;
  /** The least time between two notifications, in milliseconds. */
  readonly minGapMs?: number;
  /** Is called when everything was told. */
  readonly idle?: () => void;
}

export class KnockNotifier {
  readonly #options: KnockNotifierOptions;
  #program: DesktopProgram | undefined;
  /** While nothing may be shown: the program runs, or the last notification was just now. */
  #isBusy = false;
  #waiting = 0;
  #latest: Asker | undefined;

  constructor(options: KnockNotifierOptions) {
    this.#options = options;
    this.#program = desktopProgram(options.env, options.platform);
  }

  /** A visitor asks. Several who ask in a short time share a notification. */
  knock(asker: Asker): void {
    this.#waiting += 1;
    this.#latest = asker;
    if (!this.#isBusy) this.#tell();
  }

  #tell(): void {
    if (this.#latest === undefined) return void this.#options.idle?.();
    const text = this.#waiting === 1 ? textOf(this.#latest) : `${this.#waiting} people ask to be let in`;
    this.#waiting = 0;
    this.#latest = undefined;
    this.#isBusy = true;
    const gap = new Promise((resolve) => setTimeout(resolve, this.#options.minGapMs ?? MIN_GAP_MS).unref());
    Promise.all([this.#show(text), gap]).then(() => {
      this.#isBusy = false;
      this.#tell();
    });
  }

  async #show(body: string): Promise<void> {
    const { tunnel, env, ring, failed } = this.#options;
    const title = `Postern: ${printable(tunnel)}`;
    const problem = this.#program && (await showOnDesktop(this.#program, { title, body }, env));
    if (this.#program !== undefined && problem === undefined) return;
    if (problem !== undefined && problem.code !== 'ENOENT')
      failed(`no notification was shown (${problem.message}): the bell of the terminal rings instead.`);
    this.#program = undefined; // and stays so: what fails once is not tried with each knock
    ring?.(`${title}: ${body}`);
  }
}

function textOf({ email, message }: Asker): string {
  const said = message === '' ? '' : `: ${printable(message.slice(0, MAX_PART_CHARS))}`;
  return truncateTo(`${printable(email.slice(0, MAX_PART_CHARS))} asks to be let in${said}`, MAX_COLUMNS);
}
