/**
 * The address follows what is shown, so that a reload shows the same, and what is shown follows the address: Back, Forward, and an
 * address that is pasted into this very page, with the key of an agent that was started again for instance.
 */
import { effect } from '@preact/signals';
import { type Address, writeAddress } from './address.js';
import { connect } from './live.js';
import { enter } from './session.js';
import * as store from './store.js';

type Shown = Pick<Address, 'filter' | 'open'>;

export function followAddress(): void {
  let former: Shown | undefined;
  let isRead = false;
  effect(() => {
    const open = store.recording.value === null ? store.openId.value : null;
    const shown = { filter: store.filterText.value, open };
    write(shown, !isRead && former !== undefined && isStep(former, shown));
    former = shown;
  });
  addEventListener('hashchange', () => {
    isRead = true;
    const entering = enter();
    isRead = false;
    void entering.then((hasKey) => void (hasKey && connect()));
  });
}

// What Back leads back from: a detail that was opened or closed, another filter. Not each letter of it, and not each row.
function isStep(former: Shown, { filter, open }: Shown): boolean {
  if ((former.open === null) !== (open === null)) return true;
  return former.filter !== filter && document.activeElement?.id !== 'filter';
}

function write(shown: Shown, isNew: boolean): void {
  const address = location.pathname + writeAddress(shown);
  try {
    if (isNew) history.pushState(null, '', address);
    else history.replaceState(null, '', address);
  } catch {
    // Safari takes a hundred in ten seconds, and a held key makes more: the next one writes it.
  }
}
