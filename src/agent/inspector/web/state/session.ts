/**
 * How the page gets in: the key in the address is given for a cookie that no script can read and for the page's own half, and leaves
 * the address at once.
 */
import type { SessionReply } from '../../wire.js';
import { readAddress, writeAddress } from './address.js';
import { act, keepPage, messageOf } from './api.js';
import * as store from './store.js';

/** Takes what the address says, and gives the key in it to the agent. Resolves to whether there is one. */
export async function enter(): Promise<boolean> {
  const address = readAddress(location.hash);
  store.filterText.value = address.filter;
  store.openId.value = address.open;
  store.cursorId.value = address.open;
  if (address.key === undefined) return false;
  history.replaceState(null, '', location.pathname + writeAddress(address));
  await giveKey(address.key);
  return true;
}

/** A key, or the address that has it. */
export async function giveKey(text: string): Promise<boolean> {
  const hash = text.indexOf('#');
  const key = (hash < 0 ? undefined : readAddress(text.slice(hash)).key) ?? text.trim();
  try {
    keepPage(await act<SessionReply>('POST', '/api/session', { key }));
    store.notice.value = null;
    return true;
  } catch (error) {
    store.complain(messageOf(error));
    return false;
  }
}
