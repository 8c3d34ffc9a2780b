/** A long text, a part at a time: a megabyte at once would hold up the page. */
import { useState } from 'preact/hooks';
import { sizeText } from '../words/units.js';

const PART = 100_000;

export function Text({ text }: { readonly text: string }) {
  const [shown, setShown] = useState(PART);
  return (
    <>
      <pre class="text">{text.slice(0, shown)}</pre>
      {shown < text.length && (
        <button type="button" class="link" onClick={() => setShown(shown + PART * 2)}>
          Show more ({sizeText(text.length - shown)} left)
        </button>
      )}
    </>
  );
}
