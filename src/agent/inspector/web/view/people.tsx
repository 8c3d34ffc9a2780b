/** Who is here, and who asks to be let in. */
import type { Knock } from '../../wire.js';
import { decideKnock, setFilter } from '../state/actions.js';
import * as store from '../state/store.js';
import { clockText, countText } from '../words/units.js';
import { Dialog } from './dialog.js';
import { Act } from './parts.js';

const HOUR = 3_600_000;

export function PeopleSheet() {
  const people = store.people.value;
  const knocks = store.knocks.value;
  return (
    <Dialog title="Who is here">
      {knocks.length > 0 && (
        <section class="knocks" aria-label="Asking to be let in">
          {knocks.map((knock) => (
            <KnockRow key={store.knockKey(knock)} knock={knock} />
          ))}
        </section>
      )}
      {people.length === 0 && <p class="none">Nobody at the moment.</p>}
      <ul class="people">
        {people.map(({ email, since, requests, tunnel }) => (
          <li key={`${tunnel} ${email}`}>
            <button type="button" class="link" title="Show only their requests" onClick={() => showOnly(email, tunnel)}>
              {email}
            </button>
            <span class="count">
              since {clockText(Date.parse(since))}, {countText(requests, 'request')}
              {store.tunnels.value.length > 1 && `, ${tunnel}`}
            </span>
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

interface KnockRowProps {
  readonly knock: Knock;
  /** Puts it off. */
  readonly onLater?: () => void;
}

/** Shown over the page too, so that a knock is not missed. */
export function KnockRow({ knock, onLater }: KnockRowProps) {
  const { email, message, at, tunnel } = knock;
  return (
    <div class="knock">
      <p>
        <b>{email}</b> asks to be let in{store.tunnels.value.length > 1 && ` to ${tunnel}`}{' '}
        <span class="count">{clockText(Date.parse(at))}</span>
      </p>
      {message !== '' && <blockquote>{message}</blockquote>}
      <div class="acts">
        <Act label="Allow for 1 hour" isMain onClick={() => decideKnock(knock, 'allow', HOUR)} />
        <Act label="8 hours" onClick={() => decideKnock(knock, 'allow', 8 * HOUR)} />
        <Act label="Deny" onClick={() => decideKnock(knock, 'deny')} />
        {onLater && <Act label="Later" onClick={onLater} />}
      </div>
    </div>
  );
}

function showOnly(email: string, tunnel: string): void {
  setFilter(`person:${email}${store.tunnels.value.length > 1 ? ` tunnel:${tunnel}` : ''}`);
  store.dialog.value = null;
}
