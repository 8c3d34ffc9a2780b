/**
 * Follows what people do at one tunnel, by the API's stream of events: who is here, and who asks to be let in. Comes back by
 * itself when the stream ends, with the id of the last event, so that none is missed.
 */

import { setTimeout as delay } from 'node:timers/promises';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { type ApiClient, isRefusal } from './api-client.js';
import type { ApiKnock, ApiPerson } from './api-types.js';

export interface TunnelListener {
  people(people: readonly ApiPerson[]): void;
  knocks(knocks: readonly ApiKnock[]): void;
}

// An agent redials within two seconds; this need not be faster.
const RETRY_MS = 2_000;

// An event about a tunnel with a thousand grants is half as long.
const MAX_EVENT_CHARS = 1_048_576;

/** Follows until `signal` aborts, or the edge refuses: an older one has no API. */
export async function followTunnel(
  api: ApiClient,
  name: string,
  listener: TunnelListener,
  signal: AbortSignal,
): Promise<void> {
  let lastId: string | undefined;
  while (!signal.aborted) {
    try {
      for await (const event of events(api, lastId, signal)) {
        lastId = event.id ?? lastId;
        await tell(api, name, event, listener);
      }
    } catch (error) {
      if (signal.aborted || isRefusal(error)) return;
    }
    await delay(RETRY_MS, undefined, { signal, ref: false }).catch(() => undefined);
  }
}

function events(api: ApiClient, lastId: string | undefined, signal: AbortSignal): AsyncGenerator<EventSourceMessage> {
  return readEvents(api.events(lastId, signal));
}

/** The events of a stream, as they come. */
export async function* readEvents(stream: Promise<AsyncIterable<unknown>>): AsyncGenerator<EventSourceMessage> {
  const ready: EventSourceMessage[] = [];
  const parser = createParser({ onEvent: (event) => ready.push(event), maxBufferSize: MAX_EVENT_CHARS });
  for await (const chunk of await stream) {
    parser.feed(String(chunk));
    yield* ready.splice(0);
  }
}

async function tell(api: ApiClient, name: string, event: EventSourceMessage, listener: TunnelListener): Promise<void> {
  if (event.event === 'resync') {
    listener.people((await api.people(name)).filter(isPerson));
    listener.knocks((await api.knocks(name)).filter(isKnock));
    return;
  }
  const { tunnel, people, knocks } = JSON.parse(event.data) as EventData;
  if (tunnel !== name) return;
  if (people !== undefined) listener.people(people.filter(isPerson));
  if (knocks !== undefined) listener.knocks(knocks.filter(isKnock));
}

// An edge may be of another release, or hostile.
function isPerson({ email }: ApiPerson): boolean {
  return typeof email === 'string';
}

function isKnock({ id, email, message }: ApiKnock): boolean {
  return [id, email, message].every((text) => typeof text === 'string');
}

interface EventData {
  readonly tunnel: string;
  readonly people?: readonly ApiPerson[];
  readonly knocks?: readonly ApiKnock[];
}
