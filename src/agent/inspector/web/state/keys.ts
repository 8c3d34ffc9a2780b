/** What each key does. The help lists the same table. */
import { clear, closeDetail, closeRecording, mark, move, open, replay, togglePause, togglePin } from './actions.js';
import * as store from './store.js';

export interface Key {
  readonly keys: readonly string[];
  readonly label: string;
  readonly run: () => void;
}

export const KEYS: readonly Key[] = [
  { keys: ['j', 'ArrowDown'], label: 'next request', run: () => move(1) },
  { keys: ['k', 'ArrowUp'], label: 'previous request', run: () => move(-1) },
  { keys: ['Enter'], label: 'open it', run: () => withCursor(open) },
  { keys: ['g', 'Home'], label: 'newest request', run: () => move(-Number.MAX_SAFE_INTEGER) },
  { keys: ['G', 'End'], label: 'oldest request', run: () => move(Number.MAX_SAFE_INTEGER) },
  { keys: ['/'], label: 'filter', run: () => document.getElementById('filter')?.focus() },
  { keys: ['r'], label: 'replay', run: () => live((id) => replay(id)) },
  { keys: ['e'], label: 'edit and replay', run: () => live(() => show('edit')) },
  { keys: ['c'], label: 'copy as…', run: () => live(() => show('copy')) },
  { keys: ['p'], label: 'pin', run: () => live(togglePin) },
  { keys: ['x'], label: 'mark, then compare with another', run: () => withCursor(mark) },
  { keys: ['w'], label: 'who is here', run: () => show('people') },
  { keys: ['h'], label: 'HAR files', run: () => show('har') },
  { keys: [' '], label: 'pause or go on', run: togglePause },
  { keys: ['Delete'], label: 'clear what is not pinned', run: clear },
  { keys: ['?'], label: 'these keys', run: () => show('help') },
  { keys: ['Escape'], label: 'close, or back to the list', run: leave },
];

/** Runs what a key stands for. Typing in a field, and keys of the browser and of assistive technology, are left alone. */
export function onKey(event: KeyboardEvent): void {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (store.connection.value === 'needs-key') return;
  const isEscape = event.key === 'Escape';
  if (store.dialog.value !== null) {
    if (isEscape) leaveDialog(event);
    return;
  }
  if (isTyping(event.target)) {
    if (isEscape) (event.target as HTMLElement).blur();
    return;
  }
  const key = KEYS.find(({ keys }) => keys.includes(event.key));
  if (key === undefined || isKeyOfElement(event)) return;
  event.preventDefault();
  key.run();
}

// Enter and Space press a button, arrows move in a tab list.
function isKeyOfElement({ key, target }: KeyboardEvent): boolean {
  if (!(target instanceof Element)) return false;
  const isControl = target.closest('button, a, summary, input, label') !== null;
  if (key === 'Enter' || key === ' ') return isControl;
  const isScrollable = target.closest('.detail') !== null;
  return isScrollable && ['ArrowDown', 'ArrowUp', 'Home', 'End'].includes(key);
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches('input, textarea, select');
}

function show(dialog: store.Dialog): void {
  store.dialog.value = dialog;
}

function withCursor(run: (id: string) => void): void {
  const id = store.openId.value ?? store.cursorId.value ?? store.rows.value[0]?.id;
  if (id !== undefined) run(id);
}

// What asks the agent to act is not for a file.
function live(run: (id: string) => void): void {
  if (store.recording.value !== null) store.tell('This is a file: it can only be read.');
  else
    withCursor((id) => {
      store.cursorId.value = id;
      run(id);
    });
}

// Now: the browser would close it too, but says so later, and a key that is pressed meanwhile would do nothing.
function leaveDialog(event: KeyboardEvent): void {
  event.preventDefault();
  store.dialog.value = null;
}

function leave(): void {
  if (store.notice.value !== null) store.notice.value = null;
  else if (store.openId.value !== null) closeDetail();
  else if (store.markedId.value !== null) store.markedId.value = null;
  else if (store.filterText.value !== '') store.filterText.value = '';
  else if (store.recording.value !== null) closeRecording();
}
