/**
 * Follows the agent: the list, then its events. Events are put into the list together, once in a while, so that a flood of them
 * does not hold up the page. A connection that ends is made again; one that needs a key says so.
 */
import { effect } from '@preact/signals';
import { matchesFilter } from '../../filter.js';
import type { Exchange, ExchangeList, InspectorEvents, Knock, Person } from '../../wire.js';
import { clearedTo, merge } from '../list/rows.js';
import { ApiFailure, get } from './api.js';
import * as store from './store.js';

const PAGE = 200;
const BATCH_MS = 100;
const RETRY_MS = 2_000;
const SEARCH_MS = 300;

let source: EventSource | undefined;
let changed: Exchange[] = [];
let batch: ReturnType<typeof setTimeout> | undefined;
let search: ReturnType<typeof setTimeout> | undefined;
let reading: AbortController | undefined;

/** Reads the list and follows what comes. */
export async function connect(): Promise<void> {
  if (!(await readList())) return;
  source?.close();
  source = new EventSource('/api/events');
  source.addEventListener('open', () => {
    store.connection.value = 'live';
    void readPeople();
  });
  source.addEventListener('error', () => lose());
  on('exchange', take);
  on('message', ({ id, total }) => {
    store.messageTotals.value = new Map(store.messageTotals.value).set(id, total);
  });
  on('people', ({ people }) => {
    store.people.value = people;
  });
  on('knocks', ({ knocks }) => {
    store.knocks.value = knocks;
  });
  on('status', ({ tunnels, paused }) => {
    store.tunnels.value = tunnels;
    store.paused.value = paused;
  });
  on('cleared', ({ kept }) => {
    changed = [];
    store.liveRows.value = clearedTo(store.liveRows.value, kept);
  });
  on('resync', () => void readList());
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

function on<Name extends keyof InspectorEvents>(name: Name, listener: (data: InspectorEvents[Name]) => void): void {
  source?.addEventListener(name, ({ data }) => listener(JSON.parse(data as string) as InspectorEvents[Name]));
}

function lose(): void {
  if (store.connection.value === 'live') store.connection.value = 'lost';
  // The browser tries again by itself, but not after a response other than 200.
  if (source?.readyState === EventSource.CLOSED) setTimeout(() => void connect(), RETRY_MS);
}

function take(exchange: Exchange): void {
  changed.push(exchange);
  if (batch === undefined) batch = setTimeout(putIn, BATCH_MS);
}

function putIn(): void {
  batch = undefined;
  const { hasWords } = store.filter.value;
  const arrived = changed;
  changed = [];
  if (!hasWords) {
    store.liveRows.value = merge(store.liveRows.value, arrived);
    return;
  }
  // What is found by words only the server knows; rows that are shown already are brought up to date at once.
  const shown = new Set(store.liveRows.value.map(({ id }) => id));
  const known = arrived.filter((one) => shown.has(one.id) || matchesFilter(store.filter.value, one));
  store.liveRows.value = merge(store.liveRows.value, known);
  if (arrived.some(({ state }) => state !== 'open')) readSoon();
}

function readSoon(): void {
  clearTimeout(search);
  search = setTimeout(() => void readList(), SEARCH_MS);
}

async function readList(): Promise<boolean> {
  reading?.abort();
  return read(undefined);
}

async function read(before: number | undefined): Promise<boolean> {
  const asked = new AbortController();
  reading = asked;
  store.isLoading.value = true;
  try {
    const list = await get<ExchangeList>(`/api/exchanges?${queryOf(before)}`, asked.signal);
    store.liveRows.value = merge(before === undefined ? [] : store.liveRows.value, list.exchanges);
    store.nextBefore.value = list.next;
    store.dropped.value = list.dropped;
    store.tunnels.value = list.tunnels;
    store.paused.value = list.paused;
    if (store.connection.value === 'needs-key') store.connection.value = 'connecting';
    return true;
  } catch (error) {
    if (asked.signal.aborted) return false;
    failed(error);
    return false;
  } finally {
    if (reading === asked) store.isLoading.value = false;
  }
}

function queryOf(before: number | undefined): string {
  const query = new URLSearchParams({ limit: String(PAGE) });
  if (before !== undefined) query.set('before', String(before));
  if (store.filterText.value !== '' && store.filterProblem.value === undefined)
    query.set('filter', store.filterText.value);
  return query.toString();
}

function failed(error: unknown): void {
  if (error instanceof ApiFailure && error.status === 401) {
    store.connection.value = 'needs-key';
    source?.close();
    return;
  }
  if (error instanceof ApiFailure && error.status === 0) {
    store.connection.value = 'lost';
    setTimeout(() => void connect(), RETRY_MS);
    return;
  }
  store.complain(error instanceof Error ? error.message : String(error));
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
