/**
 * The keys of a running agent's terminal: they answer who asks to be let in, let people in without being asked, and take access
 * back. A key means only what a person can have seen when it was pressed.
 */
import type { ReadStream } from 'node:tty';
import { type Bottom, dimmedLines, keysBottom } from '../output/bottom-lines.js';
import type { Asker } from '../output/people-lines.js';
import type { ApiClient } from '../process/api-client.js';
import type { Key } from '../process/key-decoder.js';
import { Keys } from '../process/keys.js';
import { AllowPrompt } from './allow-prompt.js';
import type { Dialog, Stage } from './dialog.js';
import { openPeopleList } from './people-list.js';

const EIGHT_HOURS = '8h';

// Faster than a person reads and presses.
const MIN_SHOWN_MS = 500;

/** What the keys need of the terminal's output. */
export interface Screen {
  bottom(bottom: Bottom | undefined): void;
  hint(text: string): void;
  owned(isOurs: boolean): void;
  hold(isHeld: boolean): void;
  separate(): void;
}

export interface LiveKeysOptions extends Pick<Stage, 'api' | 'tunnel'> {
  /** A terminal. */
  readonly input: ReadStream;
  readonly screen: Screen;
  /** This visitor has a response, and is shown no more. */
  readonly settled: (asker: Asker) => void;
}

const ALL_KEYS = [
  'keys     a  let somebody in, whether or not they ask',
  '         r  take access back from somebody who is here or was let in',
  '         y 8 n  to who asks first: yes, for eight hours, no',
  '         Ctrl-S holds what is shown, Ctrl-C ends the tunnel · any key closes this',
];

export class LiveKeys implements Stage {
  readonly api: ApiClient;
  readonly tunnel: Stage['tunnel'];
  readonly #options: LiveKeysOptions;
  readonly #keys: Keys;
  #askers: readonly Asker[] = [];
  #dialog: Dialog | undefined;
  #isHeld = false;
  /** Since when keys mean what they mean now, by `performance.now()`. */
  #shownAtMs = 0;

  constructor(options: LiveKeysOptions) {
    this.api = options.api;
    this.tunnel = options.tunnel;
    this.#options = options;
    this.#keys = new Keys(options.input, {
      pressed: (key) => this.press(key),
      owned: (isOurs) => this.#owned(isOurs),
    });
  }

  start(): void {
    this.#keys.read(true);
    this.#refresh();
  }

  close(): void {
    this.#keys.read(false);
    this.#options.screen.bottom(undefined);
  }

  /** Who asks now, the first one first. */
  askers(askers: readonly Asker[]): void {
    if (askers[0]?.id !== this.#askers[0]?.id && this.#dialog === undefined) this.#changed();
    this.#askers = askers;
    this.#refresh();
  }

  press(key: Key): void {
    if (this.#isHeld || key.name === 'ctrl-s') return void this.#hold(key.name === 'ctrl-s');
    const isSeen = performance.now() - this.#shownAtMs >= MIN_SHOWN_MS;
    if (this.#dialog !== undefined) this.#dialog.press(key, isSeen);
    else this.#command(key, isSeen);
  }

  show(dialog: Dialog): void {
    if (this.#dialog !== dialog) this.#changed();
    this.#dialog = dialog;
    this.#refresh();
  }

  end(dialog: Dialog): void {
    if (this.#dialog !== dialog) return;
    this.#dialog = undefined;
    this.#changed();
    this.#refresh();
  }

  report(sentence: Promise<string>): void {
    sentence.then(
      (text) => this.hint(text),
      (error: Error) => this.hint(error.message),
    );
  }

  hint(text: string): void {
    this.#options.screen.hint(text);
  }

  #command({ name }: Key, isSeen: boolean): void {
    if (name === 'a') this.show(new AllowPrompt(this));
    else if (name === 'r') openPeopleList(this);
    else if (name === '?') this.#help();
    else if (name === 'return' || name === 'enter') this.#options.screen.separate();
    else if (isSeen) this.#settle(name);
  }

  #help(): void {
    const help: Dialog = { bottom: dimmedLines(ALL_KEYS), press: () => this.end(help) };
    this.show(help);
  }

  #settle(name: string): void {
    const [asker] = this.#askers;
    const body = REPLIES[name];
    if (asker === undefined || body === undefined) return;
    this.#options.settled(asker); // the stream of events says what has come of it
    const duration = body.for === undefined ? '' : ' for eight hours';
    const text = body.answer === 'deny' ? 'was not let in' : `may come in${duration}`;
    this.api.answer(this.tunnel.name, asker.id, body).then(
      () => this.hint(`${asker.email} ${text}`),
      (error: Error) => this.hint(`${asker.email}: ${error.message}`),
    );
  }

  // As the terminal itself does outside of raw mode; the key that goes on does nothing else.
  #hold(isHeld: boolean): void {
    this.#isHeld = isHeld;
    this.#options.screen.hold(isHeld);
    this.#changed();
  }

  #owned(isOurs: boolean): void {
    this.#options.screen.owned(isOurs);
    this.#changed();
  }

  #changed(): void {
    this.#shownAtMs = performance.now();
  }

  #refresh(): void {
    this.#options.screen.bottom(this.#dialog?.bottom ?? keysBottom(this.#askers.length));
  }
}

const REPLIES: Readonly<Partial<Record<string, { answer: 'allow' | 'deny'; for?: string }>>> = {
  y: { answer: 'allow' },
  '8': { answer: 'allow', for: EIGHT_HOURS },
  n: { answer: 'deny' },
};
