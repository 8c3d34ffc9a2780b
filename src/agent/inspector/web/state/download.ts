/** Saves what the agent has as a file. */
import { call } from './api.js';
import * as store from './store.js';

// A GET has secrets masked; a POST, which no other page can make, has them.
export async function downloadHar(secrets: boolean): Promise<void> {
  const filter = store.filterText.value;
  const headers = { 'Content-Type': 'application/json' };
  const response = await (secrets
    ? call('/api/har', { method: 'POST', headers, body: JSON.stringify({ filter, secrets }) })
    : call(`/api/har?${new URLSearchParams({ filter })}`));
  saveAs(await response.blob(), `postern-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}.har`);
}

function saveAs(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
