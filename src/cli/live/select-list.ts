/** A list at the bottom of the terminal, from which a person chooses one entry. */
import { firstShown, listBottom } from '../output/bottom-lines.js';
import type { Key } from '../process/key-decoder.js';
import type { Dialog, Stage } from './dialog.js';

export interface SelectListOptions {
  /** What the choice is for, in a word. */
  readonly label: string;
  readonly lines: readonly string[];
  readonly chosen: (index: number) => void;
}

export class SelectList implements Dialog {
  readonly #stage: Pick<Stage, 'show' | 'end'>;
  readonly #options: SelectListOptions;
  #selected = 0;

  constructor(stage: Pick<Stage, 'show' | 'end'>, options: SelectListOptions) {
    this.#stage = stage;
    this.#options = options;
  }

  readonly bottom: Dialog['bottom'] = (columns, style) => {
    const { label, lines } = this.#options;
    return listBottom(label, lines, this.#selected)(columns, style);
  };

  press({ name }: Key, isSeen: boolean): void {
    const { length } = this.#options.lines;
    if (name === 'escape') this.#stage.end(this);
    else if (name === 'up' || name === 'k') this.#select(this.#selected - 1);
    else if (name === 'down' || name === 'j') this.#select(this.#selected + 1);
    else if (isSeen && (name === 'return' || name === 'enter')) this.#options.chosen(this.#selected);
    else if (isSeen && /^[1-9]$/.test(name)) this.#choose(firstShown(length, this.#selected) + Number(name) - 1);
  }

  #select(index: number): void {
    this.#selected = Math.max(0, Math.min(index, this.#options.lines.length - 1));
    this.#stage.show(this);
  }

  #choose(index: number): void {
    if (index < this.#options.lines.length) this.#options.chosen(index);
  }
}
