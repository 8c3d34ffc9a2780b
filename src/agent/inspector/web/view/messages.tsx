/** The WebSocket messages or server-sent events of an exchange, as rows with a filter of their own. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Message } from '../../wire.js';
import { base64Bytes } from '../body/base64.js';
import { hexRows } from '../body/hex.js';
import { messageOf } from '../state/api.js';
import { loadMessages } from '../state/source.js';
import { messageTotals } from '../state/store.js';
import { countText, preciseClockText, sizeText } from '../words/units.js';
import { BodyView } from './body-view.js';
import { Icon } from './icons.js';
import { Problem } from './parts.js';

const SHOWN = 300;

interface Loaded {
  readonly messages: readonly Message[];
  readonly total: number;
  readonly dropped: number;
}

interface MessageSideProps {
  readonly id: string;
  /** More may come. */
  readonly isOpen: boolean;
  /** What each of them is called. */
  readonly one: 'message' | 'event';
}

export function MessageSide({ id, isOpen, one }: MessageSideProps) {
  const loaded = useSignal<Loaded>({ messages: [], total: 0, dropped: 0 });
  const problem = useSignal<string | undefined>(undefined);
  const words = useSignal('');
  const shown = useSignal(SHOWN);
  /** The last one above what a person has opened: what comes then waits, so that it stays where it is. */
  const held = useSignal(Number.POSITIVE_INFINITY);
  const read = () => {
    if (held.value === Number.POSITIVE_INFINITY) held.value = loaded.value.messages.at(-1)?.n ?? 0;
  };
  const known = messageTotals.value.get(id) ?? 0;
  useEffect(() => {
    let isHere = true;
    const load = async () => {
      const last = loaded.peek().messages.at(-1)?.n ?? 0;
      const more = await loadMessages(id, last);
      if (!isHere) return;
      loaded.value = { ...more, messages: [...loaded.peek().messages, ...more.messages] };
      if (more.messages.length > 0 && (more.messages.at(-1)?.n ?? 0) < more.total) await load();
    };
    load().catch((error: unknown) => {
      problem.value = messageOf(error);
    });
    return () => {
      isHere = false;
    };
  }, [id, known, isOpen]);
  const { messages, total, dropped } = loaded.value;
  const wanted = words.value.toLowerCase();
  const passing = wanted === '' ? messages : messages.filter((message) => messageHas(message, wanted));
  const unheld = passing.filter(({ n }) => n <= held.value);
  const fresh = passing.length - unheld.length;
  const visible = unheld.slice(-shown.value).reverse();
  const older = unheld.length - shown.value;
  return (
    <section class="messages">
      <div class="section-head">
        <input
          type="search"
          aria-label={`Filter ${one}s`}
          placeholder={`Filter ${one}s`}
          value={words.value}
          onInput={({ currentTarget }) => (words.value = currentTarget.value)}
        />
        <span class="count" role="status">
          {wanted !== '' && `${passing.length} of `}
          {countText(total, one)}
          {dropped > 0 && `, ${dropped} no longer kept`}
        </span>
      </div>
      {problem.value !== undefined && <Problem>{problem.value}</Problem>}
      {visible.length === 0 && (
        <p class="none">
          No {one}s{isOpen && ' yet'}.
        </p>
      )}
      {fresh > 0 && (
        <button type="button" class="link" onClick={() => (held.value = Number.POSITIVE_INFINITY)}>
          Show {fresh} new
        </button>
      )}
      <ol class="message-rows" aria-label={`${one === 'event' ? 'Events' : 'Messages'}, newest first`}>
        {visible.map((message) => (
          <MessageRow key={message.n} message={message} onRead={read} />
        ))}
      </ol>
      {older > 0 && (
        <button type="button" class="link" onClick={() => (shown.value += SHOWN)}>
          Show older ({countText(older, one)})
        </button>
      )}
    </section>
  );
}

function MessageRow({ message, onRead }: { readonly message: Message; readonly onRead: () => void }) {
  const isOpen = useSignal(false);
  const { from, kind, at, bytes, kept, event } = message;
  return (
    <li class={from}>
      <details
        onToggle={({ currentTarget }) => {
          isOpen.value = currentTarget.open;
          if (isOpen.value) onRead();
        }}
      >
        <summary>
          <span class="direction" title={`from the ${from}`}>
            <Icon name={from === 'visitor' ? 'up' : 'down'} />
            <span class="heard">from the {from}</span>
          </span>
          <span class="at">{preciseClockText(at)}</span>
          {kind !== 'text' && <span class="tag">{event ?? kind}</span>}
          <span class="preview">{previewOf(message)}</span>
          <span class="size">{kept < bytes ? `${sizeText(kept)} of ${sizeText(bytes)}` : sizeText(bytes)}</span>
        </summary>
        {isOpen.value && <BodyView bytes={bytesOf(message)} contentType={null} isCut={kept < bytes} />}
      </details>
    </li>
  );
}

function previewOf({ kind, text, base64, closeCode, lastEventId }: Message): string {
  if (kind === 'close')
    return [closeCode === undefined ? 'without a code' : `code ${closeCode}`, text].filter(Boolean).join(': ');
  if (kind === 'binary') return hexRows(base64Bytes(base64 ?? ''), 0, 1)[0]?.bytes ?? '';
  const start = (text ?? '').slice(0, 300).replace(/\s+/g, ' ');
  return lastEventId ? `#${lastEventId} ${start}` : start;
}

function bytesOf({ text, base64 }: Message): Uint8Array {
  return text === null ? base64Bytes(base64 ?? '') : new TextEncoder().encode(text);
}

function messageHas({ text, kind, event, from }: Message, word: string): boolean {
  return [text, kind, event, from].some((one) => one?.toLowerCase().includes(word) === true);
}
