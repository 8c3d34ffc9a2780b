/** The line in which a person types whom to let in, as after `postern allow`. */
import { promptBottom } from '../output/bottom-lines.js';
import { LineEditor } from '../output/line-editor.js';
import { allow, type Granting, parseGranting } from '../process/granting.js';
import type { Key } from '../process/key-decoder.js';
import type { Dialog, Stage } from './dialog.js';

const HELP = 'Enter lets in · Esc leaves it · bob@acme.com, @acme.com, group:eng, each with "for 8h"';

export class AllowPrompt implements Dialog {
  readonly #stage: Stage;
  readonly #editor = new LineEditor();

  constructor(stage: Stage) {
    this.#stage = stage;
  }

  readonly bottom: Dialog['bottom'] = (columns, style) => promptBottom('allow', this.#editor, HELP)(columns, style);

  press(key: Key, isSeen: boolean): void {
    if (key.name === 'escape') this.#stage.end(this);
    else if (key.name === 'return' || key.name === 'enter') this.#enter(isSeen);
    else {
      this.#editor.press(key);
      this.#stage.show(this);
    }
  }

  // A person may have typed the line for another program, and a program types faster than one can read: neither lets anybody in.
  #enter(isSeen: boolean): void {
    if (isSeen || this.#editor.text === '') this.#send();
  }

  // What cannot be granted stays to be corrected.
  #send(): void {
    const granting = this.#editor.text.trim() === '' ? undefined : this.#read();
    if (granting === null) return;
    this.#stage.end(this);
    if (granting !== undefined) this.#stage.report(allow(this.#stage.api, this.#stage.tunnel, granting));
  }

  #read(): Granting | null {
    try {
      return parseGranting(this.#editor.text);
    } catch (error) {
      this.#stage.hint((error as Error).message);
      return null;
    }
  }
}
