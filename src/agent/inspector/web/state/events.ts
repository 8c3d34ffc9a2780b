/** The agent's stream of events, read with `fetch`: an `EventSource` could not say which page asks. */
import { call } from './api.js';

/** Calls back with each event, and once before with the stream open. Resolves at its end, rejects with `ApiFailure`. */
export async function readEvents(
  signal: AbortSignal,
  opened: () => void,
  take: (name: string, data: string) => void,
): Promise<void> {
  const { body } = await call('/api/events', { signal });
  opened();
  const reader = (body as ReadableStream<Uint8Array>).getReader(); // every response has one
  const decoder = new TextDecoder();
  for (let rest = ''; ; ) {
    const { value, done } = await reader.read();
    if (done) return;
    const events = (rest + decoder.decode(value, { stream: true })).split('\n\n');
    rest = events.pop() ?? '';
    for (const event of events) {
      // As the agent writes them: one line of data.
      const [, name, data] = /^event: (.*)\ndata: (.*)$/m.exec(event) ?? [];
      if (name !== undefined && data !== undefined) take(name, data);
    }
  }
}
