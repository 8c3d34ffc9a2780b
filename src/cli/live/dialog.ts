/** What a person is asked at the bottom of the terminal of running tunnels. One dialog is open at a time, and gets every key. */
import type { Bottom } from '../output/bottom-lines.js';
import type { ApiClient } from '../process/api-client.js';
import type { Key } from '../process/key-decoder.js';

export interface Dialog {
  /** What it shows now. */
  readonly bottom: Bottom;
  /** Takes a key. `isSeen`: it was shown for so long that a person can mean it; only then may a key decide something. */
  press(key: Key, isSeen: boolean): void;
}

/** The terminal and the tunnel, as a dialog has them. */
export interface Stage {
  readonly api: ApiClient;
  readonly tunnel: { readonly name: string; readonly url: string };
  /** Opens a dialog in place of the one that is open, or shows that again. */
  show(dialog: Dialog): void;
  /** Closes a dialog, unless another one has taken its place. */
  end(dialog: Dialog): void;
  /** Says what comes of something: its sentence, or that of its error. */
  report(sentence: Promise<string>): void;
  hint(text: string): void;
}
