/**
 * The check that event streams are not held back. The edge sends an event as soon as its stream is open, and never ends the
 * stream: a proxy that holds responses back until they are whole delivers nothing.
 */
import type { Check } from './check.js';
import { failureOf, probe, refusalIn } from './probe.js';

const FIX =
  'The operator of what is in front of the edge turns its buffering off, in nginx: proxy_buffering off; (docs/reverse-proxies.md)';

// An event has arrived with its last line end.
const EVENT = /\n\r?\n/;

// Many round trips.
const WAIT_MS = 8_000;

export function eventsCheck(edge: string, token: () => string, waitMs = WAIT_MS): Check {
  return {
    id: 'events',
    needs: ['token'],
    look: async (signal) => {
      const headers = { Accept: 'text/event-stream', Authorization: `Bearer ${token()}` };
      const url = new URL('/.postern/api/v1/events', edge);
      const late = AbortSignal.timeout(waitMs);
      try {
        const inTime = AbortSignal.any([signal, late]);
        const probed = await probe(url, { headers, signal: inTime, isEnough: (body) => EVENT.test(body) });
        if (probed.status !== 200) return failureOf(refusalIn(probed), edge);
        if (EVENT.test(probed.body)) return { result: 'ok', text: 'events arrive as they are sent' };
        return { result: 'failure', text: 'the stream of events ends before the first one', fix: FIX };
      } catch (error) {
        if (!late.aborted) return failureOf(error, edge);
        return { result: 'failure', text: 'event streams are held back: the first event did not arrive', fix: FIX };
      }
    },
  };
}
