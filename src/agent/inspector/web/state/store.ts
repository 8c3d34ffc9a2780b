/** The state of the page, as signals: what the agent has sent, and what the person is looking at. Only `actions.ts` and the parts
 * that fetch write here. */
import { computed, signal } from '@preact/signals';
import { type Filter, matchesFilter, parseFilter } from '../../filter.js';
import type { Exchange, Knock, Person, TunnelInfo } from '../../wire.js';
import type { Recording } from '../har/import.js';
import { wordsOf } from '../har/search.js';
import type { Rows } from '../list/rows.js';

export type Connection = 'connecting' | 'live' | 'lost' | 'needs-key';

/** What lies over the page. */
export type Dialog = 'help' | 'people' | 'copy' | 'edit' | 'har' | 'compare';

export interface Notice {
  readonly text: string;
  readonly isError: boolean;
  /** What else can be done about it. */
  readonly act?: { readonly label: string; readonly run: () => void };
}

export const connection = signal<Connection>('connecting');
/** The agent that this page has followed is gone, and another one listens at its port. */
export const isRestarted = signal(false);
export const tunnels = signal<readonly TunnelInfo[]>([]);
export const people = signal<readonly Person[]>([]);
export const knocks = signal<readonly Knock[]>([]);
/** Put off by the person (by `knockKey`): they are no longer shown over the page. */
export const laterKnocks = signal<ReadonlySet<string>>(new Set());
export const paused = signal(false);
export const dropped = signal(0);

/** All that is held; `rows` are those of it that pass the filter. */
export const liveRows = signal<Rows>([]);
/** For the next page of older exchanges; null when there is none. */
export const nextBefore = signal<number | null>(null);
export const isLoading = signal(true);

export const filterText = signal('');
export const openId = signal<string | null>(null);
/** The row that has the keyboard, which is also the open one when there is a detail pane. */
export const cursorId = signal<string | null>(null);
/** Chosen for a comparison with another. */
export const markedId = signal<string | null>(null);
export const comparedIds = signal<readonly [before: string, after: string] | null>(null);
export const dialog = signal<Dialog | null>(null);
export const notice = signal<Notice | null>(null);
export const recording = signal<Recording | null>(null);
/** How many messages an open stream has, by exchange. */
export const messageTotals = signal<ReadonlyMap<string, number>>(new Map());

const NO_FILTER: Filter = { terms: [], hasWords: false };

export const parsedFilter = computed(() => parseFilter(filterText.value));
export const filterProblem = computed(() => ('problem' in parsedFilter.value ? parsedFilter.value.problem : undefined));
/** The last filter that made sense: while a person types, the list does not vanish. */
let lastFilter: Filter = NO_FILTER;
export const filter = computed<Filter>(() => {
  if ('filter' in parsedFilter.value) lastFilter = parsedFilter.value.filter;
  return lastFilter;
});

const recorded = computed(() => [...(recording.value?.exchanges ?? [])].reverse());

/** Newest first. Words are looked for by the server, which has the bodies; those of a file are here. */
export const rows = computed<Rows>(() => {
  if (recording.value !== null)
    return recorded.value
      .filter((one) => matchesFilter(filter.value, one.detail, wordsOf(one)))
      .map(({ detail }) => detail);
  return filter.value.hasWords ? liveRows.value : liveRows.value.filter((row) => matchesFilter(filter.value, row));
});

export const slowestMs = computed(() =>
  rows.value.reduce(
    (slowest, { kind, timing }) => (kind === 'http' ? Math.max(slowest, timing.totalMs ?? 0) : slowest),
    1,
  ),
);

/** Requests of several tunnels are shown: each says of which one it is. */
export const hasSeveralTunnels = computed(() => {
  const live = recording.value === null ? tunnels.value.map(({ name }) => name) : [];
  return new Set([...live, ...rows.value.map(({ tunnel }) => tunnel)]).size > 1;
});

export function rowOf(id: string | null): Exchange | undefined {
  return id === null ? undefined : rows.value.find((row) => row.id === id);
}

/** One person has the same id at each tunnel. */
export function knockKey({ tunnel, id }: Knock): string {
  return `${tunnel} ${id}`;
}

export function tell(text: string): void {
  notice.value = { text, isError: false };
}

export function complain(text: string): void {
  notice.value = { text, isError: true };
}
