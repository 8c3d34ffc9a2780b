/** The whole page: the bar, the list, and beside it (on a phone instead of it) one exchange in detail. */
import { openHar } from '../state/actions.js';
import * as store from '../state/store.js';
import { Bar } from './bar.js';
import { Detail } from './detail.js';
import { Dialogs } from './dialogs.js';
import { List } from './list.js';
import { Locked } from './locked.js';
import { Notices } from './notices.js';

export function App() {
  if (store.connection.value === 'needs-key' && store.recording.value === null) {
    return (
      <>
        <Locked />
        <Notices />
      </>
    );
  }
  const id = store.openId.value;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a file may be dropped anywhere; the dialog of HAR files does the same
    <div class={id === null ? 'page' : 'page with-detail'} onDragOver={(event) => event.preventDefault()} onDrop={drop}>
      <Bar />
      <main>
        <List />
        {id !== null && <Detail id={id} />}
      </main>
      <Notices />
      <Dialogs />
    </div>
  );
}

function drop(event: DragEvent): void {
  event.preventDefault();
  const file = event.dataTransfer?.files[0];
  if (file !== undefined) openHar(file);
}
