/** HAR files: what is shown as a download, with or without secrets, and a file to look at. */
import { useSignal } from '@preact/signals';
import { attempt, openHar } from '../state/actions.js';
import { downloadHar } from '../state/download.js';
import * as store from '../state/store.js';
import { Dialog } from './dialog.js';
import { Act } from './parts.js';

export function HarSheet() {
  const isSure = useSignal(false);
  const save = (secrets: boolean) => () => attempt(() => downloadHar(secrets));
  const filtered = store.filterText.value !== '';
  return (
    <Dialog title="HAR files">
      <h3>Save</h3>
      <p>{filtered ? 'All requests that pass the filter' : 'All requests that are kept'}, with bodies, as HAR 1.2.</p>
      <div class="acts">
        <Act label="Save with secrets masked" isMain onClick={save(false)} />
      </div>
      <label class="check">
        <input
          type="checkbox"
          checked={isSure.value}
          onChange={({ currentTarget }) => (isSure.value = currentTarget.checked)}
        />
        The file may hold cookies and tokens with which others can act as these people
      </label>
      <button type="button" class="act danger" disabled={!isSure.value} onClick={save(true)}>
        Save with secrets
      </button>
      <h3>Open</h3>
      <p>A file of any browser or tool. It stays in this page and is shown read-only.</p>
      <label class="act file">
        Choose a file
        <input
          type="file"
          accept=".har,.json,application/json"
          onChange={({ currentTarget }) => take(currentTarget.files)}
        />
      </label>
    </Dialog>
  );
}

function take(files: FileList | null): void {
  const file = files?.[0];
  if (file !== undefined) openHar(file);
}
