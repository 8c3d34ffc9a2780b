/** What a person does, from a key, a button or a menu. Failures become a notice. */
import type { Knock, ReplayEdit, ReplayResult, TextForm } from '../../wire.js';
import { importHar, MAX_HAR_BYTES } from '../har/import.js';
import { neighbour } from '../list/rows.js';
import { countText } from '../words/units.js';
import { act, exchangePath, messageOf } from './api.js';
import * as store from './store.js';

/** Opens the detail of an exchange. */
export function open(id: string): void {
  store.cursorId.value = id;
  store.openId.value = id;
}

export function closeDetail(): void {
  store.openId.value = null;
}

/** Moves the keyboard's row; an open detail follows. */
export function move(step: number): void {
  const row = neighbour(store.rows.value, store.cursorId.value, step);
  if (row === undefined) return;
  store.cursorId.value = row.id;
  if (store.openId.value !== null) store.openId.value = row.id;
}

export function setFilter(text: string): void {
  store.filterText.value = text;
}

export function togglePin(id: string): void {
  const row = store.rowOf(id);
  if (row !== undefined) attempt(() => act('POST', exchangePath(id, '/pin'), { pinned: !row.pinned }));
}

export function setNote(id: string, text: string): void {
  attempt(() => act('POST', exchangePath(id, '/note'), { text }));
}

export function replay(id: string): void {
  attempt(() => send(id));
}

/** Sends it to the tunnel's own target once more, or several times. Rejects when it was not sent. */
export async function send(id: string, count = 1, edit?: ReplayEdit): Promise<void> {
  const { ids } = await act<ReplayResult>('POST', exchangePath(id, '/replay'), { count, ...(edit && { edit }) });
  const [first] = ids;
  if (first === undefined) return;
  const text = count === 1 ? 'Sent again.' : `Sent again ${countText(ids.length, 'time')}.`;
  const compare = { label: 'Compare', run: () => compareWith(id, first) };
  store.notice.value = { text, isError: false, act: compare };
}

/** The first of two, then the comparison with the second. */
export function mark(id: string): void {
  const former = store.markedId.value;
  if (former === null || former === id) {
    store.markedId.value = former === id ? null : id;
    if (former !== id) store.tell('Marked. Press x on another to compare the two.');
    return;
  }
  compareWith(former, id);
}

export function compareWith(before: string, after: string): void {
  store.markedId.value = null;
  store.notice.value = null;
  store.comparedIds.value = [before, after];
  store.dialog.value = 'compare';
}

export function copyText(text: string, what: string): void {
  attempt(async () => {
    await navigator.clipboard.writeText(text);
    store.tell(`${what} copied.`);
  });
}

const FORMS: Readonly<Record<TextForm, string>> = {
  curl: 'curl command',
  powershell: 'PowerShell command',
  fetch: 'fetch call',
  raw: 'Raw request',
};

export function copyAs(id: string, as: TextForm, secrets: boolean): void {
  attempt(async () => {
    const { text } = await act<{ text: string }>('POST', exchangePath(id, '/text'), { as, secrets });
    await navigator.clipboard.writeText(text);
    store.tell(`${FORMS[as]} copied${secrets ? ', with its secrets' : ''}.`);
  });
}

export function togglePause(): void {
  const paused = !store.paused.value;
  attempt(async () => {
    await act('POST', '/api/pause', { paused });
    store.paused.value = paused;
  });
}

export function clear(): void {
  attempt(() => act('DELETE', '/api/exchanges'));
}

export function decideKnock(knock: Knock, answer: 'allow' | 'deny', forMs?: number): void {
  const { id, tunnel } = knock;
  attempt(async () => {
    await act('POST', `/api/knocks/${encodeURIComponent(id)}`, { tunnel, answer, ...(forMs && { forMs }) });
    store.knocks.value = store.knocks.value.filter((one) => store.knockKey(one) !== store.knockKey(knock));
  });
}

/** Shows a HAR file instead of what is live. It does not leave the page. */
export function openHar(file: File): void {
  attempt(async () => {
    const text = file.size > MAX_HAR_BYTES ? '' : await file.text();
    const read = importHar(file.name, text);
    if (file.size > MAX_HAR_BYTES || 'problem' in read) {
      store.complain(
        'problem' in read && file.size <= MAX_HAR_BYTES ? read.problem : `${file.name} is too large: at most 100 MB.`,
      );
      return;
    }
    store.openId.value = null;
    store.cursorId.value = null;
    store.markedId.value = null;
    store.dialog.value = null;
    store.recording.value = read;
  });
}

export function closeRecording(): void {
  store.openId.value = null;
  store.cursorId.value = null;
  store.recording.value = null;
}

export function attempt(run: () => Promise<unknown>): void {
  run().catch((error: unknown) => store.complain(messageOf(error)));
}
