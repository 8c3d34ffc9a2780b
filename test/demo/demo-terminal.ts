/** The agent's lines for a person, with the demo's own words in place of the block that a tunnel begins with. */
import { Screen } from '../../src/cli/output/screen.js';
import { Terminal, type TerminalOptions } from '../../src/cli/output/terminal.js';

export class DemoTerminal extends Terminal {
  readonly screen: Screen;
  readonly #first: () => void;
  #started = false;

  /** `first` is called when the tunnel is up for the first time. */
  constructor(options: Pick<TerminalOptions, 'edge' | 'target' | 'allow'>, first: () => void) {
    const { stdout } = process;
    const coloured = stdout.isTTY && !process.env['NO_COLOR'];
    const columns = () => (stdout.isTTY ? stdout.columns : undefined);
    const screen = new Screen({ output: stdout, coloured, columns });
    super({ screen, ...options });
    this.screen = screen;
    stdout.on('resize', () => screen.resized());
    this.#first = first;
  }

  override online(url: string): void {
    if (this.#started) super.online(url);
    else this.#first();
    this.#started = true;
  }
}
