/** The WebSocket messages or server-sent events of an exchange, as rows with a filter of their own. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Message } from '../../wire.js';
import { base64Bytes } from '../body/base64.js';
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

export function MessageSide({ id, isOpen }: { readonly id: string; readonly isOpen: boolean }) {
  const loaded = useSignal<Loaded>({ messages: [], total: 0, dropped: 0 });
  const problem = useSignal<string | undefined>(undefined);
  const words = useSignal('');
  const shown = useSignal(SHOWN);
  const known = messageTotals.value.get(id) ?? 0;
  useEffect(() => {
    let isHere = true;
    const read = async () => {
      const last = loaded.peek().messages.at(-1)?.n ?? 0;
      const more = await loadMessages(id, last);
      if (!isHere) return;
      loaded.value = { ...more, messages: [...loaded.peek().messages, ...more.messages] };
      if (more.messages.length > 0 && (more.messages.at(-1)?.n ?? 0) < more.total) await read();
    };
    read().catch((error: unknown) => {
      problem.value = messageOf(error);
    });
    return () => {
      isHere = false;
    };
  }, [id, known, isOpen]);
  const { messages, total, dropped } = loaded.value;
  const wanted = words.value.toLowerCase();
  const passing = wanted === '' ? messages : messages.filter((message) => messageHas(message, wanted));
  const visible = passing.slice(-shown.value).reverse();
  return (
    <section class="messages">
      <div class="section-head">
        <input
          type="search"
          aria-label="Filter messages"
          placeholder="Filter messages"
          value={words.value}
          onInput={({ currentTarget }) => (words.value = currentTarget.value)}
        />
        <span class="count" role="status">
          {wanted === '' ? countText(total, 'message') : `${passing.length} of ${countText(total, 'message')}`}
          {dropped > 0 && `, ${dropped} no longer kept`}
        </span>
      </div>
      {problem.value !== undefined && <Problem>{problem.value}</Problem>}
      {visible.length === 0 && <p class="none">{isOpen ? 'No messages yet.' : 'No messages.'}</p>}
      <ol class="message-rows" aria-label="Messages, newest first">
        {visible.map((message) => (
          <MessageRow key={message.n} message={message} />
        ))}
      </ol>
      {passing.length > shown.value && (
        <button type="button" class="link" onClick={() => (shown.value += SHOWN)}>
          Show older ({countText(passing.length - shown.value, 'message')})
        </button>
      )}
    </section>
  );
}

function MessageRow({ message }: { readonly message: Message }) {
  const isOpen = useSignal(false);
  const { from, kind, at, bytes, kept, event } = message;
  return (
    <li class={from}>
      <details onToggle={({ currentTarget }) => (isOpen.value = currentTarget.open)}>
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

function previewOf({ kind, text, closeCode, lastEventId }: Message): string {
  if (kind === 'close')
    return [closeCode === undefined ? 'without a code' : `code ${closeCode}`, text].filter(Boolean).join(': ');
  const start = (text ?? '').slice(0, 300).replace(/\s+/g, ' ');
  return lastEventId ? `#${lastEventId} ${start}` : start;
}

function bytesOf({ text, base64 }: Message): Uint8Array {
  return text === null ? base64Bytes(base64 ?? '') : new TextEncoder().encode(text);
}

function messageHas({ text, kind, event, from }: Message, word: string): boolean {
  return [text, kind, event, from].some((one) => one?.toLowerCase().includes(word) === true);
}
