/**
 * Follows the agent: the list, then its events. Events are put into the list together, once in a while, so that a flood of them
 * does not hold up the page. A connection that ends is made again; one that needs a key says so.
 */
import { effect } from '@preact/signals';
import { matchesFilter } from '../../filter.js';
import type { Exchange, ExchangeList, InspectorEvents, Knock, Person } from '../../wire.js';
import { clearedTo, merge, type Rows } from '../list/rows.js';
import { ApiFailure, get, messageOf } from './api.js';
import { readEvents } from './events.js';
import * as store from './store.js';

const PAGE = 200;
const BATCH_MS = 100;
const RETRY_MS = 1_000;
const SEARCH_MS = 300;

let stream: AbortController | undefined;
let changed: Exchange[] = [];
/** What has changed since the list was asked for, which may be older. */
let meanwhile: Exchange[] = [];
let batch: ReturnType<typeof setTimeout> | undefined;
let search: ReturnType<typeof setTimeout> | undefined;
let reading: AbortController | undefined;

/** Follows what comes, and reads the list. Goes on until another call takes its place. */
export async function connect(): Promise<void> {
  stream?.abort();
  const own = new AbortController();
  stream = own;
  while (!own.signal.aborted) {
    try {
      await readEvents(own.signal, opened, (name, data) =>
        LISTENERS[name as keyof InspectorEvents]?.(JSON.parse(data)),
      );
      lose();
    } catch (error) {
      if (own.signal.aborted) return;
      if (error instanceof ApiFailure && error.status === 401) return lockUp();
      lose();
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

const LISTENERS: { readonly [Name in keyof InspectorEvents]: (data: InspectorEvents[Name]) => void } = {
  exchange: take,
  message({ id, total }) {
    store.messageTotals.value = new Map(store.messageTotals.value).set(id, total);
  },
  people({ people }) {
    store.people.value = people;
  },
  knocks({ knocks }) {
    store.knocks.value = knocks;
  },
  status({ tunnels, paused }) {
    store.tunnels.value = tunnels;
    store.paused.value = paused;
  },
  cleared({ kept }) {
    changed = [...clearedTo(changed, kept)]; // what has changed of those that stay is not in the list yet
    meanwhile = [...clearedTo(meanwhile, kept)];
    store.liveRows.value = clearedTo(store.liveRows.value, kept);
  },
  resync: () => void readList(),
};

function opened(): void {
  store.connection.value = 'live';
  void readList();
  void readPeople();
}

function lose(): void {
  store.connection.value = 'lost';
}

// Another agent is there now, which knows neither this page nor what it shows.
function lockUp(): void {
  if (store.connection.value === 'lost') store.isRestarted.value = true;
  store.connection.value = 'needs-key';
  store.openId.value = null;
}

/** Reads the list again for another filter, a moment after the last key. */
export function followFilter(): void {
  let former = store.filterText.peek();
  effect(() => {
    const text = store.filterText.value;
    if (text === former || store.filterProblem.value !== undefined) return;
    former = text;
    readSoon();
  });
}

/** The next page of older exchanges. */
export async function readOlder(): Promise<void> {
  const before = store.nextBefore.value;
  if (before === null || store.isLoading.value) return;
  await read(before);
}

function take(exchange: Exchange): void {
  changed.push(exchange);
  if (batch === undefined) batch = setTimeout(putIn, BATCH_MS);
}

function putIn(): void {
  batch = undefined;
  const arrived = changed;
  changed = [];
  if (reading !== undefined) meanwhile.push(...arrived);
  const rows = store.liveRows.value;
  store.liveRows.value = merge(rows, known(rows, arrived));
  if (store.filter.value.hasWords && arrived.some(({ state }) => state !== 'open')) readSoon();
}

// What is found by words only the server knows; rows that are shown already are brought up to date at once.
function known(rows: Rows, arrived: readonly Exchange[]): readonly Exchange[] {
  const { filter } = store;
  if (!filter.value.hasWords) return arrived;
  const shown = new Set(rows.map(({ id }) => id));
  return arrived.filter((one) => shown.has(one.id) || matchesFilter(filter.value, one));
}

function readSoon(): void {
  clearTimeout(search);
  search = setTimeout(() => void readList(), SEARCH_MS);
}

async function readList(): Promise<void> {
  reading?.abort();
  await read(undefined);
}

async function read(before: number | undefined): Promise<void> {
  const asked = new AbortController();
  reading = asked;
  meanwhile = [];
  store.isLoading.value = true;
  try {
    const list = await get<ExchangeList>(`/api/exchanges?${queryOf(before)}`, asked.signal);
    const rows = merge(before === undefined ? [] : store.liveRows.value, list.exchanges);
    store.liveRows.value = merge(rows, known(rows, meanwhile));
    store.nextBefore.value = list.next;
    store.dropped.value = list.dropped;
    store.tunnels.value = list.tunnels;
    store.paused.value = list.paused;
  } catch (error) {
    // Without an agent, or without its key, the stream of events has ended too.
    const isTold = error instanceof ApiFailure && (error.status === 0 || error.status === 401);
    if (!asked.signal.aborted && !isTold) store.complain(messageOf(error));
  } finally {
    if (reading === asked) {
      reading = undefined;
      store.isLoading.value = false;
    }
  }
}

function queryOf(before: number | undefined): string {
  const query = new URLSearchParams({ limit: String(PAGE) });
  if (before !== undefined) query.set('before', String(before));
  if (store.filterText.value !== '' && store.filterProblem.value === undefined)
    query.set('filter', store.filterText.value);
  return query.toString();
}

async function readPeople(): Promise<void> {
  const here = get<{ people: readonly Person[] }>('/api/people').then(({ people }) => {
    store.people.value = people;
  });
  const asking = get<{ knocks: readonly Knock[] }>('/api/knocks').then(({ knocks }) => {
    store.knocks.value = knocks;
  });
  await Promise.allSettled([here, asking]); // an edge may not allow it: then the page shows none
}
