/**
 * The keys of the terminal of running tunnels: they answer who asks to be let in, let people in without being asked, and take
 * access back. A key means only what a person can have seen when it was pressed.
 */
import { ReadStream } from 'node:tty';
import { type Bottom, dimmedLines, keysBottom } from '../output/bottom-lines.js';
import type { Asker } from '../output/people-lines.js';
import { openBrowser } from '../process/browser.js';
import type { Key } from '../process/key-decoder.js';
import { Keys } from '../process/keys.js';
import { AllowPrompt } from './allow-prompt.js';
import type { Dialog, Stage } from './dialog.js';
import { openPeopleList } from './people-list.js';
import { SelectList } from './select-list.js';

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

export interface LiveKeysOptions {
  /** A terminal. */
  readonly input: ReadStream;
  readonly screen: Screen;
  /** Whose address there is once it is open. */
  readonly inspection?: { readonly address: string | undefined } | undefined;
}

/** A tunnel that is up. */
export interface KeyTunnel extends Pick<Stage, 'api' | 'tunnel'> {
  /** This visitor has a response, and is shown no more. */
  readonly settled: (asker: Asker) => void;
}

/** What a tunnel tells the keys. */
export interface KeyPlace {
  /** Who asks now, the first one first. */
  askers(askers: readonly Asker[]): void;
  /** The tunnel is over. */
  remove(): void;
}

const ALL_KEYS = [
  ['keys     a  ', 'let somebody in, whether or not they ask'],
  ['         r  ', 'take access back from somebody who is here or was let in'],
  ['         y 8 n  ', 'to who asks first: yes, for eight hours, no'],
  ['         i  ', 'open the inspector in the browser'],
  ['         ', 'Ctrl-S holds what is shown, Ctrl-C ends the tunnel · any key closes this'],
] as const;

export class LiveKeys {
  readonly #options: LiveKeysOptions;
  readonly #keys: Keys;
  readonly #tunnels: KeyTunnel[] = [];
  #askers: readonly { readonly at: KeyTunnel; readonly asker: Asker }[] = [];
  #dialog: Dialog | undefined;
  #isHeld = false;
  /** Since when keys mean what they mean now, by `performance.now()`. */
  #shownAtMs = 0;

  constructor(options: LiveKeysOptions) {
    this.#options = options;
    this.#keys = new Keys(options.input, {
      pressed: (key) => this.press(key),
      owned: (isOurs) => this.#owned(isOurs),
    });
  }

  /** From now on the keys are for this tunnel, too. */
  add(at: KeyTunnel): KeyPlace {
    this.#tunnels.push(at);
    this.#keys.read(true);
    this.#refresh();
    return {
      askers: (askers) => this.#update(at, askers),
      remove: () => {
        this.#tunnels.splice(this.#tunnels.indexOf(at), 1);
        this.#update(at, []);
      },
    };
  }

  close(): void {
    this.#keys.read(false);
    this.#options.screen.bottom(undefined);
  }

  press(key: Key): void {
    if (this.#isHeld || key.name === 'ctrl-s') return void this.#hold(key.name === 'ctrl-s');
    const isSeen = performance.now() - this.#shownAtMs >= MIN_SHOWN_MS;
    if (this.#dialog !== undefined) this.#dialog.press(key, isSeen);
    else this.#command(key, isSeen);
  }

  readonly #show = (dialog: Dialog): void => {
    if (this.#dialog !== dialog) this.#changed();
    this.#dialog = dialog;
    this.#refresh();
  };

  readonly #end = (dialog: Dialog): void => {
    if (this.#dialog !== dialog) return;
    this.#dialog = undefined;
    this.#changed();
    this.#refresh();
  };

  readonly #hint = (text: string): void => this.#options.screen.hint(text);

  #stageOf({ api, tunnel }: KeyTunnel): Stage {
    const report = (sentence: Promise<string>) =>
      void sentence.then(this.#hint, (error: Error) => this.#hint(error.message));
    return { api, tunnel, show: this.#show, end: this.#end, hint: this.#hint, report };
  }

  // Those who asked before stay in front.
  #update(at: KeyTunnel, askers: readonly Asker[]): void {
    const kept = this.#askers.filter(({ at: of, asker }) => of !== at || askers.some(({ id }) => id === asker.id));
    const isKept = ({ id }: Asker) => kept.some(({ at: of, asker }) => of === at && asker.id === id);
    const before = this.#askers[0]?.asker.id;
    this.#askers = [...kept, ...askers.filter((asker) => !isKept(asker)).map((asker) => ({ at, asker }))];
    if (this.#askers[0]?.asker.id !== before && this.#dialog === undefined) this.#changed();
    this.#refresh();
  }

  #command({ name }: Key, isSeen: boolean): void {
    if (name === 'a') this.#atTunnel('allow', (stage) => this.#show(new AllowPrompt(stage)));
    else if (name === 'r') this.#atTunnel('revoke', openPeopleList);
    else if (name === 'i') this.#inspect(this.#options.inspection?.address);
    else if (name === '?') this.#help();
    else if (name === 'return' || name === 'enter') this.#options.screen.separate();
    else if (isSeen) this.#settle(name);
  }

  #inspect(address: string | undefined): void {
    if (address === undefined) this.#hint('there is no inspector: --inspect opens one');
    else void openBrowser(address);
  }

  /** Asks for which tunnel where there are several. */
  #atTunnel(label: string, open: (stage: Stage) => void): void {
    const tunnels = [...this.#tunnels];
    const chosen = (index: number) => {
      const tunnel = tunnels[index];
      if (tunnel !== undefined) open(this.#stageOf(tunnel));
    };
    if (tunnels.length <= 1) return void chosen(0);
    const lines = tunnels.map(({ tunnel: { name, url } }) => `${name}  (${url})`);
    this.#show(new SelectList({ show: this.#show, end: this.#end }, { label, lines, chosen }));
  }

  #help(): void {
    const help: Dialog = { bottom: dimmedLines(ALL_KEYS), press: () => this.#end(help) };
    this.#show(help);
  }

  #settle(name: string): void {
    const [first] = this.#askers;
    const body = REPLIES[name];
    if (first === undefined || body === undefined) return;
    const { at, asker } = first;
    at.settled(asker); // the stream of events says what has come of it
    const duration = body.for === undefined ? '' : ' for eight hours';
    const text = body.answer === 'deny' ? 'was not let in' : `may come in${duration}`;
    at.api.answer(at.tunnel.name, asker.id, body).then(
      () => this.#hint(`${asker.email} ${text}`),
      (error: Error) => this.#hint(`${asker.email}: ${error.message}`),
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
    this.#options.screen.bottom(this.#dialog?.bottom ?? keysBottom(this.#askers.length, this.#firstAsker()));
  }

  /** Whom the keys answer, where that is not plain. */
  #firstAsker(): string | undefined {
    const [first] = this.#askers;
    return first === undefined || this.#tunnels.length <= 1
      ? undefined
      : `${first.asker.email} at ${first.at.tunnel.name}`;
  }
}

const REPLIES: Readonly<Partial<Record<string, { answer: 'allow' | 'deny'; for?: string }>>> = {
  y: { answer: 'allow' },
  '8': { answer: 'allow', for: EIGHT_HOURS },
  n: { answer: 'deny' },
};

/** The keys of a person's terminal, where standard input is one, too. */
export function readKeys(screen: Screen | undefined, inspection?: LiveKeysOptions['inspection']): LiveKeys | undefined {
  const { stdin } = process;
  if (screen === undefined || !(stdin instanceof ReadStream)) return undefined;
  return new LiveKeys({ input: stdin, screen, inspection });
}
