/** The page without a key: how to get in. */
import { useSignal } from '@preact/signals';
import { connect } from '../state/live.js';
import { giveKey } from '../state/session.js';
import { Door } from './icons.js';

export function Locked() {
  const key = useSignal('');
  const submit = async (event: SubmitEvent) => {
    event.preventDefault();
    if (await giveKey(key.value)) await connect();
  };
  return (
    <main class="locked">
      <p class="brand">
        <Door /> Postern
      </p>
      <h1>This page needs its key</h1>
      <p>
        The agent prints an address that ends with the key. Open that address, or paste it here. A restarted agent has a
        new one.
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
