/** One exchange: who, what, when, how long; then its request, response and messages. */
import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { Exchange, ExchangeDetail } from '../../wire.js';
import { closeDetail, compareWith, mark, replay, setNote, togglePin } from '../state/actions.js';
import { act, exchangePath, messageOf } from '../state/api.js';
import { loadDetail } from '../state/source.js';
import * as store from '../state/store.js';
import { durationText, preciseClockText, sizeText } from '../words/units.js';
import { NARROW, useLoaded, useMedia, useSeconds } from './hooks.js';
import { Icon } from './icons.js';
import { MessageSide } from './messages.js';
import { Act, Choice, CopyButton, Problem, SignButton, Status } from './parts.js';
import { RequestSide, ResponseSide } from './sides.js';
import { TimingDetail } from './timing-bar.js';

export type Tab = 'response' | 'request' | 'messages';

export function Detail({ id }: { readonly id: string }) {
  const row = store.rowOf(id) ?? store.liveRows.value.find((one) => one.id === id);
  const seconds = useSeconds(row?.state === 'open');
  const loaded = useLoaded(() => loadDetail(id), [id, row?.state, row?.status, store.recording.value, seconds]);
  // What it is now is in the list, once it is there; what it holds is in the detail.
  const exchange = row ?? loaded.value;
  return (
    <section class="detail" aria-label="Request in detail">
      {loaded.error !== undefined && (
        <header>
          <Problem>{loaded.error}</Problem>
          <SignButton label="Close" icon="close" onClick={closeDetail} />
        </header>
      )}
      {exchange !== undefined && <Summary exchange={exchange} detail={loaded.value} />}
      {exchange !== undefined && loaded.value !== undefined && (
        <Content key={id} row={exchange} detail={loaded.value} />
      )}
    </section>
  );
}

function Summary({ exchange, detail }: { readonly exchange: Exchange; readonly detail: ExchangeDetail | undefined }) {
  const heading = useRef<HTMLHeadingElement>(null);
  // On a phone the detail is a page of its own, and a reader begins at its heading.
  const isPage = useMedia(NARROW);
  useEffect(() => {
    if (isPage) heading.current?.focus();
  }, [isPage]);
  return (
    <header>
      <div class="title">
        <button type="button" class="sign back" aria-label="Back to the list" onClick={closeDetail}>
          <Icon name="back" />
        </button>
        <h2 tabIndex={-1} ref={heading}>
          <span class="c-method">{exchange.method}</span> <span class="target">{exchange.path}</span>
        </h2>
        <CopyButton text={exchange.path} what="path" />
        <SignButton label="Close (Esc)" icon="close" onClick={closeDetail} />
      </div>
      <Facts exchange={exchange} detail={detail} />
      {store.recording.value === null && <Acts exchange={exchange} />}
      <Note key={exchange.id} exchange={exchange} />
      <TimingDetail exchange={exchange} />
    </header>
  );
}

function Facts({ exchange, detail }: { readonly exchange: Exchange; readonly detail: ExchangeDetail | undefined }) {
  const { person, rule, tunnel, replayOf, failure, requestId, startedAt, status, requestBytes, responseBytes } =
    exchange;
  const groups = detail?.identity?.groups ?? [];
  return (
    <div class="facts">
      <Status exchange={exchange} />
      <span>{preciseClockText(startedAt)}</span>
      <span title="Bytes of the bodies">
        {sizeText(requestBytes)} in, {sizeText(responseBytes)} out
      </span>
      <span class="who">
        {person === null ? 'Without sign-in' : <b>{person}</b>}
        {rule !== null && (
          <>
            , let in by <code>{rule}</code>
          </>
        )}
        {groups.length > 0 && ` (${groups.join(', ')})`}
      </span>
      {tunnel !== '' && (store.hasSeveralTunnels.value || store.recording.value !== null) && <span>{tunnel}</span>}
      {requestId !== null && (
        <span class="id">
          <code>{requestId}</code> <CopyButton text={requestId} what="request id" />
        </span>
      )}
      {replayOf !== null && <Origin id={replayOf} replayId={exchange.id} />}
      {failure !== undefined && <Problem>{failure}</Problem>}
      {failure === undefined && exchange.state === 'aborted' && exchange.kind === 'http' && (
        <Problem>
          Broken off before {status === null ? 'a response' : 'its end'}: the visitor left, or the link was lost.
        </Problem>
      )}
    </div>
  );
}

/** Of a replay: what the original had, and the comparison with it. */
function Origin({ id, replayId }: { readonly id: string; readonly replayId: string }) {
  const row = store.liveRows.value.find((one) => one.id === id);
  return (
    <span class="origin">
      <Icon name="replay" /> Replay
      {row !== undefined && (
        <>
          ; the original had <Status exchange={row} /> in {durationText(row.timing.totalMs)}
        </>
      )}{' '}
      <button type="button" class="link" onClick={() => compareWith(id, replayId)}>
        Compare
      </button>
    </span>
  );
}

function Acts({ exchange: { id, pinned, kind } }: { readonly exchange: Exchange }) {
  const show = (dialog: store.Dialog) => () => {
    store.dialog.value = dialog;
  };
  return (
    <div class="acts" role="toolbar" aria-label="What to do with this request">
      {kind !== 'websocket' && <Act label="Replay" icon="replay" keyName="r" isMain onClick={() => replay(id)} />}
      {kind !== 'websocket' && <Act label="Edit" icon="edit" keyName="e" onClick={show('edit')} />}
      <Act label="Copy" icon="copy" keyName="c" onClick={show('copy')} />
      <Act label={pinned ? 'Pinned' : 'Pin'} icon="pin" keyName="p" isPressed={pinned} onClick={() => togglePin(id)} />
      <Act
        label={store.markedId.value === null || store.markedId.value === id ? 'Compare' : 'Compare with marked'}
        icon="compare"
        keyName="x"
        isPressed={store.markedId.value === id}
        onClick={() => mark(id)}
      />
    </div>
  );
}

function Note({ exchange: { id, note } }: { readonly exchange: Exchange }) {
  if (store.recording.value !== null) return note === '' ? null : <p class="note">{note}</p>;
  const save = (event: Event) => {
    const { value } = event.currentTarget as HTMLInputElement;
    if (value !== note) setNote(id, value);
  };
  return (
    <label class="note-field">
      <Icon name="note" />
      <span class="heard">Note</span>
      <input type="text" defaultValue={note} placeholder="Add a note" maxLength={1_000} onChange={save} />
    </label>
  );
}

function Content({ row, detail }: { readonly row: Exchange; readonly detail: ExchangeDetail }) {
  // An upgrade that was refused has none.
  const hasMessages = row.kind === 'events' || (row.kind === 'websocket' && row.status === 101);
  const tab = useSignal<Tab>(hasMessages ? 'messages' : 'response');
  const revealed = useSignal<ExchangeDetail | undefined>(undefined);
  // What runs is asked for again and again, and stays revealed.
  useEffect(() => {
    revealed.value = undefined;
  }, [row.state, row.status]);
  const reveal = () => {
    act<ExchangeDetail>('POST', exchangePath(detail.id, '/reveal')).then(
      (whole) => {
        revealed.value = whole;
      },
      (error: unknown) => store.complain(messageOf(error)),
    );
  };
  const shown = revealed.value ?? detail;
  const messages = hasMessages ? [['messages', row.kind === 'events' ? 'Events' : 'Messages'] as const] : [];
  const tabs = [...messages, ['response', 'Response'], ['request', 'Request']] as const;
  return (
    <div class="content">
      <Choice label="Part" options={tabs} chosen={tab.value} onChoose={(value) => (tab.value = value)} />
      <div class="side" role="tabpanel" aria-label={tab.value}>
        {tab.value === 'response' && <ResponseSide detail={shown} onReveal={reveal} />}
        {tab.value === 'request' && <RequestSide detail={shown} onReveal={reveal} />}
        {tab.value === 'messages' && (
          <MessageSide id={row.id} isOpen={row.state === 'open'} one={row.kind === 'events' ? 'event' : 'message'} />
        )}
      </div>
    </div>
  );
}
