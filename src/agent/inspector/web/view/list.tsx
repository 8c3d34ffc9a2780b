/**
 * The list of exchanges: a grid of which only the rows in sight are in the document. What a person reads stays where it is when
 * others come before it; a button says how many.
 */
import { type Signal, useSignal } from '@preact/signals';
import { useEffect, useLayoutEffect, useRef } from 'preact/hooks';
import type { Exchange } from '../../wire.js';
import { indexOf, type Rows } from '../list/rows.js';
import { anchorOf, type Slice, topToShow, type View, visibleSlice } from '../list/window.js';
import { readOlder } from '../state/live.js';
import * as store from '../state/store.js';
import { Empty } from './empty.js';
import { NARROW, useMedia } from './hooks.js';
import { Icon } from './icons.js';
import { COLUMNS, Row } from './row.js';

const ROW_HEIGHT = 32;
const NARROW_ROW_HEIGHT = 58;

export function List() {
  const rowHeight = useMedia(NARROW) ? NARROW_ROW_HEIGHT : ROW_HEIGHT;
  const scroller = useRef<HTMLDivElement>(null);
  const view = useSignal<View>({ top: 0, height: 600, rowHeight });
  const unseen = useSignal(0);
  const rows = store.rows.value;
  const look = () => {
    const { scrollTop = 0, clientHeight = 600 } = scroller.current ?? {};
    view.value = { top: scrollTop, height: clientHeight, rowHeight };
    if (scrollTop === 0) unseen.value = 0;
    if (scrollTop + clientHeight * 2 > rows.length * rowHeight) void readOlder();
  };
  useEffect(() => {
    const observer = new ResizeObserver(look);
    if (scroller.current !== null) observer.observe(scroller.current);
    return () => observer.disconnect();
  }, [rowHeight]);
  const standsTo = useStandStill(rows, scroller, view, unseen);
  useCursorInSight(rows, scroller, rowHeight);
  const toTop = () => {
    scroller.current?.scrollTo({ top: 0 });
    store.cursorId.value = rows[0]?.id ?? null;
  };
  const hasTunnel = store.hasSeveralTunnels.value;
  const columns = COLUMNS.filter((name) => hasTunnel || name !== 'Tunnel');
  const slice = visibleSlice({ ...view.value, rowHeight }, rows.length);
  return (
    <section class="list" aria-label="Requests">
      {unseen.value > 0 && (
        <button type="button" class="unseen" onClick={toTop}>
          <Icon name="up" /> {unseen.value} new
        </button>
      )}
      <div
        class={hasTunnel ? 'grid of-several' : 'grid'}
        role="grid"
        aria-label="Requests, newest first"
        aria-rowcount={rows.length + 1}
        aria-colcount={columns.length}
      >
        <div class="head row" role="row" aria-rowindex={1}>
          {columns.map((name) => (
            <span key={name} role="columnheader" class={`c-${name.toLowerCase()}`}>
              {name}
            </span>
          ))}
        </div>
        <div class="scroller" role="rowgroup" ref={scroller} onScroll={look}>
          <div class="rows" role="presentation" style={{ height: `${Math.max(rows.length * rowHeight, standsTo)}px` }}>
            {shownRows(rows, slice).map(({ row, index }) => (
              <Row
                key={row.id}
                row={row}
                index={index}
                top={index * rowHeight}
                isOpen={row.id === store.openId.value}
                isCursor={row.id === (store.cursorId.value ?? rows[0]?.id)}
                isMarked={row.id === store.markedId.value}
                hasTunnel={hasTunnel}
                slowestMs={store.slowestMs.value}
              />
            ))}
          </div>
          {rows.length === 0 && <Empty />}
        </div>
      </div>
    </section>
  );
}

// Those in sight, and the one that has the keyboard: if it left the document, the focus would be lost.
function shownRows(rows: Rows, { from, to }: Slice): { readonly row: Exchange; readonly index: number }[] {
  const shown = rows.slice(from, to).map((row, at) => ({ row, index: from + at }));
  const cursor = indexOf(rows, store.cursorId.value);
  const row = rows[cursor];
  return row === undefined || (cursor >= from && cursor < to) ? shown : [...shown, { row, index: cursor }];
}

// Keeps the first row in sight in its place while a person reads: they have scrolled, or opened or focused a row.
function useStandStill(
  rows: Rows,
  scroller: { readonly current: HTMLDivElement | null },
  view: Signal<View>,
  unseen: Signal<number>,
): number {
  const former = useRef<Rows>(rows);
  const place = useRef(0);
  const filter = useRef(store.filterText.value);
  const { top, height, rowHeight } = view.value;
  const anchor = anchorOf(
    former.current.map(({ id }) => id),
    view.value,
  );
  const isReading =
    top > 0 || store.openId.value !== null || scroller.current?.contains(document.activeElement) === true;
  const isSameList = filter.current === store.filterText.value && former.current !== rows;
  const index = anchor === undefined ? -1 : indexOf(rows, anchor.id);
  const wanted = isReading && isSameList && index >= 0 && anchor ? index * rowHeight + anchor.offset : top;
  if (wanted !== top || top === 0) place.current = wanted;
  const before = former.current;
  useLayoutEffect(() => {
    if (filter.current !== store.filterText.value) {
      unseen.value = 0;
      place.current = 0;
      scroller.current?.scrollTo({ top: 0 });
    } else if (wanted !== top) {
      scroller.current?.scrollTo({ top: wanted, behavior: 'instant' });
      // Now, and not with the event of the scrolling: what is drawn in between would take the view for the former one.
      view.value = { ...view.peek(), top: wanted };
      unseen.value += Math.max(0, index - indexOf(before, anchor?.id ?? null));
    }
    former.current = rows;
    filter.current = store.filterText.value;
  }, [rows, store.filterText.value]);
  return place.current > 0 ? place.current + height : 0;
}

// The row that the keys have moved to is scrolled into sight, and has the focus where the list had it.
function useCursorInSight(rows: Rows, scroller: { readonly current: HTMLDivElement | null }, rowHeight: number): void {
  const cursor = store.cursorId.value;
  useLayoutEffect(() => {
    const element = scroller.current;
    const index = indexOf(rows, cursor);
    if (element === null || index < 0) return;
    const top = topToShow({ top: element.scrollTop, height: element.clientHeight, rowHeight }, index);
    if (top !== undefined) element.scrollTo({ top, behavior: 'instant' });
    const focused = document.activeElement;
    if (focused === document.body || element.contains(focused))
      document.getElementById(`row-${cursor}`)?.focus({ preventScroll: true });
  }, [cursor]);
  // Where the detail had the focus, its row has it again.
  const isClosed = store.openId.value === null;
  useLayoutEffect(() => {
    if (isClosed && document.activeElement === document.body)
      document.getElementById(`row-${store.cursorId.peek()}`)?.focus({ preventScroll: true });
  }, [isClosed]);
}
