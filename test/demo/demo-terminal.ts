/** The agent's lines for a person, with the demo's own words in place of the block that a tunnel begins with. */
import { Terminal, type TerminalOptions } from '../../src/cli/terminal.js';

export class DemoTerminal extends Terminal {
  readonly #first: () => void;
  #started = false;

  /** `first` is called when the tunnel is up for the first time. */
  constructor(options: Pick<TerminalOptions, 'target' | 'allow'>, first: () => void) {
    super({ output: process.stdout, coloured: process.stdout.isTTY && !process.env['NO_COLOR'], ...options });
    this.#first = first;
  }

  override online(url: string): void {
    if (this.#started) super.online(url);
    else this.#first();
    this.#started = true;
  }
}
