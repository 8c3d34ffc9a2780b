/** The page without a key: how to get in. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { connect } from '../state/live.js';
import { giveKey } from '../state/session.js';
import * as store from '../state/store.js';
import { Door } from './icons.js';

export function Locked() {
  const key = useSignal('');
  // Another page of this browser has been opened with the key.
  useEffect(() => {
    const enter = () => void connect();
    addEventListener('storage', enter);
    return () => removeEventListener('storage', enter);
  }, []);
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (await giveKey(key.value)) void connect();
  };
  return (
    <main class="locked">
      <p class="brand">
        <Door /> Postern
      </p>
      <h1>{store.isRestarted.value ? 'The agent was started again' : 'This page needs its key'}</h1>
      <p>
        {store.isRestarted.value && 'What this page has shown went with the former one. '}
        Press <kbd>i</kbd> in the agent’s terminal, or paste the address here that it has printed: it ends with the key,
        which is another one after each start.
      </p>
      <form onSubmit={(event) => void submit(event)}>
        <label>
          Address or key
          <input
            type="password"
            autocomplete="off"
            required
            value={key.value}
            onInput={({ currentTarget }) => (key.value = currentTarget.value)}
          />
        </label>
        <button type="submit" class="act main">
          Open
        </button>
      </form>
    </main>
  );
}
