/** Saves what the agent has as a file. */
import { ApiFailure } from './api.js';
import * as store from './store.js';

// `/api/har` answers a GET with secrets masked, and a POST, which no other page can make, with them.
export async function downloadHar(secrets: boolean): Promise<void> {
  const query = new URLSearchParams({ filter: store.filterText.value, secrets: secrets ? '1' : '0' });
  const headers = { 'Content-Type': 'application/json' };
  const response = await fetch(`/api/har?${query}`, secrets ? { method: 'POST', headers, body: '{}' } : {});
  if (!response.ok) throw new ApiFailure(response.status, 'har', `The agent responded ${response.status}.`);
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
