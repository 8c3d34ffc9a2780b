/** The agent's lines for a person, with the demo's own words in place of the block that a tunnel begins with. */
import { Terminal, type TerminalOptions } from '../../src/cli/output/terminal.js';

export class DemoTerminal extends Terminal {
  readonly #first: () => void;
  #started = false;

  /** `first` is called when the tunnel is up for the first time. */
  constructor(options: Pick<TerminalOptions, 'edge' | 'target' | 'allow'>, first: () => void) {
    const { stdout } = process;
    const coloured = stdout.isTTY && !process.env['NO_COLOR'];
    super({ output: stdout, coloured, columns: () => (stdout.isTTY ? stdout.columns : undefined), ...options });
    stdout.on('resize', () => this.resized());
    this.#first = first;
  }

  override online(url: string): void {
    if (this.#started) super.online(url);
    else this.#first();
    this.#started = true;
  }
}
