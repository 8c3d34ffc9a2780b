/** The keys, and the words of the filter. */
import { FILTER_KEYS } from '../../filter.js';
import { KEYS } from '../state/keys.js';
import { Dialog } from './dialog.js';

const NAMES: Readonly<Record<string, string>> = {
  ArrowDown: '↓',
  ArrowUp: '↑',
  ' ': 'Space',
  Escape: 'Esc',
  Delete: 'Del',
};

export function Help() {
  return (
    <Dialog title="Keys and filter" size="wide">
      <div class="help">
        <section>
          <h3>Keys</h3>
          <dl>
            {KEYS.map(({ keys, label }) => (
              <div key={label}>
                <dt>
                  {keys.map((key) => (
                    <kbd key={key}>{NAMES[key] ?? key}</kbd>
                  ))}
                </dt>
                <dd>{label}</dd>
              </div>
            ))}
          </dl>
        </section>
        <section>
          <h3>Filter</h3>
          <p>
            All terms must hold. <code>-</code> before a term means “not”, a comma “or”:{' '}
            <code>status:4xx,5xx -path:*.js</code>. Words without a key are looked for in headers and bodies too.
          </p>
          <dl>
            {FILTER_KEYS.map(({ key, expected }) => (
              <div key={key}>
                <dt>
                  <code>{key}:</code>
                </dt>
                <dd>{expected}</dd>
              </div>
            ))}
          </dl>
        </section>
      </div>
    </Dialog>
  );
}
