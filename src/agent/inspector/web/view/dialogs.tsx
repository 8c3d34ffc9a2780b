/** The dialog that is open, if one is. */
import * as store from '../state/store.js';
import { Compare } from './compare.js';
import { CopyMenu } from './copy-menu.js';
import { EditForm } from './edit-form.js';
import { HarSheet } from './har-sheet.js';
import { Help } from './help.js';
import { PeopleSheet } from './people.js';

export function Dialogs() {
  const id = store.openId.value ?? store.cursorId.value;
  switch (store.dialog.value) {
    case 'help':
      return <Help />;
    case 'people':
      return <PeopleSheet />;
    case 'har':
      return <HarSheet />;
    case 'copy':
      return id === null ? null : <CopyMenu id={id} />;
    case 'edit':
      return id === null ? null : <EditForm id={id} />;
    case 'compare':
      return store.comparedIds.value === null ? null : <Compare ids={store.comparedIds.value} />;
    case null:
      return null;
  }
}
