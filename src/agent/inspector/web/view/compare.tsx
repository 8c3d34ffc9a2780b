/** Two exchanges beside each other: what differs in status, time, headers and bodies. */
import { useMemo } from 'preact/hooks';
import type { ExchangeDetail } from '../../wire.js';
import { indentJson } from '../body/json-indent.js';
import { findJsonError } from '../body/json-scan.js';
import { isText } from '../body/kind.js';
import { compareHeaders } from '../compare/headers.js';
import { shortened } from '../compare/hunks.js';
import { compareLines } from '../compare/lines.js';
import { loadBody, loadDetail, type Side } from '../state/source.js';
import * as store from '../state/store.js';
import { durationText, preciseClockText, sizeText } from '../words/units.js';
import { Dialog } from './dialog.js';
import { useLoaded } from './hooks.js';
import { Problem, Status } from './parts.js';

interface Compared {
  readonly detail: ExchangeDetail;
  readonly request: Uint8Array;
  readonly response: Uint8Array;
}

export function Compare({ ids }: { readonly ids: readonly [string, string] }) {
  const [before, after] = ids;
  // A replay that has just been sent is compared once it has ended.
  const state = store.liveRows.value.find(({ id }) => id === after)?.state;
  const loaded = useLoaded(() => Promise.all([load(before), load(after)]), [`${before} ${after}`, state]);
  return (
    <Dialog title="Compare" size="wide">
      {loaded.error !== undefined && <Problem>{loaded.error}</Problem>}
      {loaded.value !== undefined && <Both before={loaded.value[0]} after={loaded.value[1]} />}
    </Dialog>
  );
}

async function load(id: string): Promise<Compared> {
  const detail = await loadDetail(id);
  const bytesOf = async (side: Side) =>
    (detail[side]?.body?.kept ?? 0) > 0 ? (await loadBody(id, side)).bytes : new Uint8Array(0);
  return { detail, request: await bytesOf('request'), response: await bytesOf('response') };
}

function Both({ before, after }: { readonly before: Compared; readonly after: Compared }) {
  return (
    <>
      <div class="compare-heads">
        <Head one={before.detail} />
        <Head one={after.detail} />
      </div>
      <HeaderChanges
        title="Request headers"
        before={before.detail.request.headers}
        after={after.detail.request.headers}
      />
      <BodyChanges title="Request body" before={before.request} after={after.request} />
      <HeaderChanges
        title="Response headers"
        before={before.detail.response?.headers ?? []}
        after={after.detail.response?.headers ?? []}
      />
      <BodyChanges title="Response body" before={before.response} after={after.response} />
    </>
  );
}

function Head({ one }: { readonly one: ExchangeDetail }) {
  return (
    <div>
      <Status exchange={one} />
      <p>
        <span class="c-method">{one.method}</span> <code>{one.path}</code>
      </p>
      <p class="count">
        {preciseClockText(one.startedAt)} · {durationText(one.timing.totalMs)} · {sizeText(one.responseBytes)}
        {one.person !== null && ` · ${one.person}`}
      </p>
    </div>
  );
}

type Headers = ExchangeDetail['request']['headers'];

function HeaderChanges({
  title,
  before,
  after,
}: {
  readonly title: string;
  readonly before: Headers;
  readonly after: Headers;
}) {
  const changes = compareHeaders(before, after);
  const differing = changes.filter(({ isSame }) => !isSame);
  return (
    <section>
      <h3>
        {title}{' '}
        <span class="count">
          {differing.length === 0
            ? `the same (${changes.length})`
            : differing.length === 1
              ? '1 differs'
              : `${differing.length} differ`}
        </span>
      </h3>
      {differing.length > 0 && (
        <div class="diff">
          {differing.map(({ name, before: was, after: is }) => (
            <div key={name}>
              {was !== undefined && <Line kind="removed" text={`${name}: ${was}`} />}
              {is !== undefined && <Line kind="added" text={`${name}: ${is}`} />}
            </div>
          ))}
        </div>
      )}
    </section>
  );
}

function BodyChanges({
  title,
  before,
  after,
}: {
  readonly title: string;
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}) {
  const isReadable = isText(before) && isText(after);
  const pieces = useMemo(
    () => (isReadable ? shortened(compareLines(linesOf(before), linesOf(after))) : []),
    [before, after],
  );
  const isSame = before.length === after.length && before.every((byte, at) => byte === after[at]);
  if (before.length === 0 && after.length === 0) return null;
  return (
    <section>
      <h3>
        {title}{' '}
        <span class="count">
          {isSame ? `the same (${sizeText(before.length)})` : `${sizeText(before.length)}, ${sizeText(after.length)}`}
        </span>
      </h3>
      {!isSame && !isReadable && <p class="none">They differ, and are not text.</p>}
      {!isSame && isReadable && (
        <div class="diff">
          {pieces.map((piece, at) => (
            <Line key={at} kind={piece.kind} text={piece.text} />
          ))}
        </div>
      )}
    </section>
  );
}

const SIGNS = { same: ' ', removed: '−', added: '+', skipped: '⋯' } as const;
const WORDS = { same: '', removed: 'removed: ', added: 'added: ', skipped: '' } as const;

function Line({ kind, text }: { readonly kind: keyof typeof SIGNS; readonly text: string }) {
  return (
    <div class={`line ${kind}`}>
      <span aria-hidden="true">{SIGNS[kind]}</span>
      <span class="heard">{WORDS[kind]}</span>
      <span>{text}</span>
    </div>
  );
}

// JSON with one member a line, so that one changed value is one changed line.
function linesOf(bytes: Uint8Array): string[] {
  const text = new TextDecoder().decode(bytes);
  const isJson = /^\s*[[{]/.test(text) && findJsonError(text) === undefined;
  return (isJson ? indentJson(text) : text).split('\n');
}
