/** Sends a changed copy of a request; the original stays as it is. What is not changed keeps its secrets, which are not shown. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { type ExchangeDetail, MASK, type ReplayEdit } from '../../wire.js';
import { toBase64 } from '../body/base64.js';
import { headerText, parseHeaderText } from '../body/header-text.js';
import { isText } from '../body/kind.js';
import { send } from '../state/actions.js';
import { messageOf } from '../state/api.js';
import { loadBody, loadDetail } from '../state/source.js';
import * as store from '../state/store.js';
import { sizeText } from '../words/units.js';
import { Dialog } from './dialog.js';
import { useLoaded } from './hooks.js';
import { Problem } from './parts.js';

interface Original {
  readonly detail: ExchangeDetail;
  readonly body: Uint8Array;
}

const MAX_COUNT = 50;

export function EditForm({ id }: { readonly id: string }) {
  const loaded = useLoaded(() => loadOriginal(id), [id]);
  return (
    <Dialog title="Edit and replay" size="wide">
      {loaded.error !== undefined && <Problem>{loaded.error}</Problem>}
      {loaded.value !== undefined && <Form key={id} original={loaded.value} />}
    </Dialog>
  );
}

async function loadOriginal(id: string): Promise<Original> {
  const detail = await loadDetail(id);
  const { body } = detail.request;
  const isWhole = body !== null && body.kept > 0 && body.kept === body.bytes;
  return { detail, body: isWhole ? (await loadBody(id, 'request')).bytes : new Uint8Array(0) };
}

function Form({ original: { detail, body } }: { readonly original: Original }) {
  const problem = useSignal<string | undefined>(undefined);
  const isSending = useSignal(false);
  const text = isText(body) ? new TextDecoder().decode(body) : undefined;
  const { kept = 0, bytes = 0, encoding = null } = detail.request.body ?? {};
  const isCut = kept < bytes;
  // What is shown of an encoded body is decoded: sent like that, its `Content-Encoding` would be wrong.
  const canEditBody = isCut || (text !== undefined && encoding === null);
  const headers = headerText(detail.request.headers);
  const path = useRef<HTMLInputElement>(null);
  useEffect(() => path.current?.focus(), []);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.currentTarget as HTMLFormElement);
    const read = editOf(fields, { detail, headers, isCut, text: canEditBody ? text : undefined });
    if (typeof read === 'string') {
      problem.value = read;
      return;
    }
    // It stays open until it was sent: what was typed is not lost.
    isSending.value = true;
    send(detail.id, Number(fields.get('count')) || 1, read).then(
      () => (store.dialog.value = null),
      (error: unknown) => {
        problem.value = messageOf(error);
        isSending.value = false;
      },
    );
  };
  return (
    <form class="edit" onSubmit={submit}>
      <div class="line">
        <label class="method">
          Method
          <input
            name="method"
            defaultValue={detail.method}
            required
            maxLength={64}
            spellcheck={false}
            autocomplete="off"
          />
        </label>
        <label class="wide">
          Path
          <input ref={path} name="path" defaultValue={detail.path} required spellcheck={false} autocomplete="off" />
        </label>
      </div>
      <label>
        Headers, one a line
        <textarea name="headers" rows={8} spellcheck={false} defaultValue={headers} />
      </label>
      {headers.includes(MASK) && <p class="hint">{MASK} stands for a secret that is kept: it is sent as it was.</p>}
      {canEditBody ? (
        <label>
          {isCut ? `Another body: only the first ${sizeText(kept)} of its ${sizeText(bytes)} were kept` : 'Body'}
          <textarea name="body" rows={8} spellcheck={false} defaultValue={text} />
        </label>
      ) : (
        <p class="hint">The body ({sizeText(bytes)}) is sent as it was: it is not text.</p>
      )}
      {problem.value !== undefined && <Problem>{problem.value}</Problem>}
      <div class="line end">
        <label class="count">
          Times <input name="count" type="number" min={1} max={MAX_COUNT} defaultValue="1" />
        </label>
        <button type="submit" class="act main" disabled={isSending.value}>
          Send
        </button>
      </div>
    </form>
  );
}

interface Before {
  readonly detail: ExchangeDetail;
  readonly headers: string;
  readonly text: string | undefined;
  readonly isCut: boolean;
}

// Only what has changed; or why it cannot be sent.
function editOf(fields: FormData, { detail, headers, text, isCut }: Before): ReplayEdit | string {
  const value = (name: string) => String(fields.get(name) ?? '');
  const rows = parseHeaderText(value('headers'));
  if (typeof rows === 'string') return rows;
  if (!value('path').startsWith('/')) return 'A path begins with “/”.';
  // A form has line breaks as CR LF.
  const body = value('body').replace(/\r\n/g, '\n');
  const isSameBody = !isCut && (text === undefined || body === text.replace(/\r\n/g, '\n'));
  return {
    ...(value('method') !== detail.method && { method: value('method') }),
    ...(value('path') !== detail.path && { path: value('path') }),
    ...(value('headers').replace(/\r\n/g, '\n') !== headers && { headers: rows }),
    ...(!isSameBody && { bodyBase64: toBase64(new TextEncoder().encode(body)) }),
  };
}
