/** What the list says when it has no rows, and what a person can do then. */
import { setFilter } from '../state/actions.js';
import * as store from '../state/store.js';
import { Act, CopyButton } from './parts.js';

export function Empty() {
  if (store.isLoading.value && store.recording.value === null) return <p class="empty">Loading…</p>;
  if (store.filterText.value !== '') {
    return (
      <div class="empty">
        <p>No request passes this filter.</p>
        <Act label="Clear the filter" onClick={() => setFilter('')} />
      </div>
    );
  }
  return (
    <div class="empty">
      <p>
        {store.paused.value ? 'Recording is paused.' : 'No requests yet. What comes through a tunnel is shown here.'}
      </p>
      {store.tunnels.value.map(({ name, url }) => (
        <p key={url} class="address">
          <code>{url}</code> <CopyButton text={url} what={`address of ${name}`} />
        </p>
      ))}
    </div>
  );
}
