/** What has just happened: a line that goes by itself, and knocks, which stay. New requests are told to readers, now and then. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import * as store from '../state/store.js';
import { statusWords } from '../words/status.js';
import { countText } from '../words/units.js';
import { Act, SignButton } from './parts.js';
import { KnockRow } from './people.js';

const SHOWN_MS = 6_000;
const TELL_EVERY_MS = 5_000;

export function Notices() {
  const notice = store.notice.value;
  useEffect(() => {
    if (notice === null || notice.isError) return;
    const timer = setTimeout(() => {
      if (store.notice.value === notice) store.notice.value = null; // not the next one, of this very frame
    }, SHOWN_MS);
    return () => clearTimeout(timer);
  }, [notice]);
  const knock = store.knocks.value.find((one) => !store.laterKnocks.value.has(store.knockKey(one)));
  return (
    <div class="notices">
      {knock !== undefined && store.dialog.value !== 'people' && (
        <section class="notice" aria-label="Asking to be let in" aria-live="polite">
          <KnockRow knock={knock} onLater={() => putOff(store.knockKey(knock))} />
        </section>
      )}
      <div role={notice?.isError ? 'alert' : 'status'}>
        {notice !== null && (
          <div class={notice.isError ? 'notice error' : 'notice'}>
            <span>{notice.text}</span>
            {notice.act !== undefined && <Act label={notice.act.label} onClick={notice.act.run} />}
            <SignButton label="Dismiss" icon="close" onClick={() => (store.notice.value = null)} />
          </div>
        )}
      </div>
      <Announcer />
    </div>
  );
}

function putOff(key: string): void {
  store.laterKnocks.value = new Set([...store.laterKnocks.value, key]);
}

function Announcer() {
  const text = useSignal('');
  const told = useRef(0);
  const newest = store.recording.value === null ? store.rows.value[0] : undefined;
  const seq = newest?.seq ?? 0;
  useEffect(() => {
    if (told.current === 0 || seq < told.current) told.current = seq;
    if (seq === told.current) return;
    const timer = setTimeout(() => {
      const fresh = store.rows.peek().filter((row) => row.seq > told.current);
      const [last] = fresh;
      told.current = last?.seq ?? told.current;
      if (last !== undefined)
        text.value = `${countText(fresh.length, 'new request')}, the last ${last.method} ${last.path.slice(0, 80)}, ${statusWords(last)}`;
    }, TELL_EVERY_MS);
    return () => clearTimeout(timer);
  }, [seq > told.current]);
  return (
    <p class="heard" role="status" aria-live="polite">
      {text.value}
    </p>
  );
}
