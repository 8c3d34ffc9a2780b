/** Copies a request in another form. Secrets stay masked unless they are asked for. */
import { useSignal } from '@preact/signals';
import type { TextForm } from '../../wire.js';
import { copyAs, copyText } from '../state/actions.js';
import * as store from '../state/store.js';
import { Dialog } from './dialog.js';

const FORMS: readonly (readonly [form: TextForm, label: string, key: string])[] = [
  ['curl', 'curl for bash', 'b'],
  ['powershell', 'PowerShell', 's'],
  ['fetch', 'fetch in JavaScript', 'f'],
  ['raw', 'Raw HTTP', 'w'],
];

export function CopyMenu({ id }: { readonly id: string }) {
  const secrets = useSignal(false);
  const copy = (form: TextForm) => {
    copyAs(id, form, secrets.value);
    store.dialog.value = null;
  };
  const copyAddress = () => {
    const row = store.rowOf(id);
    const tunnel = store.tunnels.value.find(({ name }) => name === row?.tunnel);
    if (row !== undefined) copyText((tunnel?.url.replace(/\/$/, '') ?? '') + row.path, 'Address');
    store.dialog.value = null;
  };
  const press = (event: KeyboardEvent) => {
    const form = FORMS.find(([, , key]) => key === event.key);
    if (form !== undefined) copy(form[0]);
    else if (event.key === 'u') copyAddress();
    else step(event);
  };
  return (
    <Dialog title="Copy as">
      <div class="menu" role="menu" tabIndex={-1} aria-label="Copy as" onKeyDown={press}>
        {FORMS.map(([form, label, key], at) => (
          <button key={form} type="button" role="menuitem" autofocus={at === 0} onClick={() => copy(form)}>
            {label} <kbd>{key}</kbd>
          </button>
        ))}
        <button type="button" role="menuitem" onClick={copyAddress}>
          Address <kbd>u</kbd>
        </button>
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={secrets.value}
          onChange={({ currentTarget }) => (secrets.value = currentTarget.checked)}
        />
        With cookies, tokens and other secrets
      </label>
    </Dialog>
  );
}

// Arrows, Home and End move in the menu.
function step(event: KeyboardEvent): void {
  const items = [...(event.currentTarget as HTMLElement).querySelectorAll<HTMLElement>('[role=menuitem]')];
  const at = items.indexOf(document.activeElement as HTMLElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: items.length - 1 }[event.key];
  if (to === undefined) return;
  event.preventDefault();
  items[(to + items.length) % items.length]?.focus();
}
