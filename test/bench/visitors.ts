/**
 * Visitors over HTTP/2, and over HTTP/1.1 with as many requests at once, on the same edge, agent and session, in turns with the
 * other tunnels behind the HTTP/2 of their own kind: requests per second, and for each second of processor time.
 */
import type { Driver } from './driver.js';
import { driveH2load, findH2load, type H2Load } from './h2load.js';
import { ProcessorTime } from './processor.js';
import type { Samples } from './samples.js';
import { type Entrance, POSTERN, type System } from './systems.js';
import { HTTP1, HTTP2, VISITOR_CASES, VISITOR_CONNECTIONS } from './variants.js';

// Each protocol, scheme and size is code of its own. By requests, since a busy machine serves few in a second: after five seconds
// there, 44 % of an edge's processor time with 100 KB was V8's compiler.
const WARM_UP_REQUESTS = 5_000;
const WARM_UP_STEP_SECONDS = 2;
const MAX_WARM_UP_STEPS = 15;

// Of a run that came to no end.
const NOTHING = { requestsPerSecond: Number.NaN, errors: 1 };

export interface VisitorAmount {
  readonly rounds: number;
  readonly seconds: number;
  readonly notes: string[];
}

type VisitorCase = (typeof VISITOR_CASES)[number];

/** A column of the table. */
interface Turn {
  readonly name: string;
  readonly entrance: Entrance;
  readonly load: Pick<H2Load, 'protocol' | 'streams' | 'connections'>;
}

/** Adds a value of each measure for each round. Returns why nothing was measured, if so. */
export async function measureVisitors(
  driver: Driver,
  systems: readonly System[],
  { rounds, seconds, notes }: VisitorAmount,
  samples: Samples,
): Promise<string | undefined> {
  const command = findH2load();
  if (command === undefined) return 'HTTP/2 of visitors: h2load is not installed (apt install nghttp2-client)';
  // Over TLS and HTTP/1.1 h2load sometimes waits for ever for bytes that have arrived.
  const wrk = driver.name === 'wrk' ? driver : undefined;
  const drive = async ({ entrance, load }: Turn, path: string, length: number) => {
    const headers = await entrance.headers();
    const time = new ProcessorTime(entrance);
    const url = `${entrance.origin}${path}`;
    const whole = { ...load, url, headers, seconds: length };
    const driven = load.protocol === 'HTTP/1.1' && wrk !== undefined ? wrk.drive(whole) : driveH2load(command, whole);
    const measured = await driven.catch(() => NOTHING);
    return { ...measured, time };
  };
  for (const each of VISITOR_CASES.filter(({ streams }) => streams === VISITOR_CASES[0]?.streams)) {
    for (const turn of turnsOf(systems, each)) await warmUp(() => drive(turn, each.path, WARM_UP_STEP_SECONDS));
  }
  for (let round = 0; round < rounds; round++) {
    for (const each of VISITOR_CASES) {
      const { measure, path } = each;
      const turns = turnsOf(systems, each);
      for (const turn of round % 2 === 0 ? turns : turns.toReversed()) {
        const { name } = turn;
        const { requestsPerSecond, errors, time } = await drive(turn, path, seconds);
        if (errors > 0) notes.push(`${name}, ${measure}: ${errors} errors in round ${round + 1}`);
        // What fails is often fast: a value with errors is no value.
        const whole = errors === 0 ? requestsPerSecond : Number.NaN;
        samples.add(measure, name, whole);
        time.add(samples, measure, name, whole * seconds);
        console.error(`round ${round + 1}: ${measure}, ${name}: ${requestsPerSecond.toFixed(0)}`);
      }
    }
  }
  return undefined;
}

async function warmUp(step: () => Promise<{ readonly requestsPerSecond: number }>): Promise<void> {
  let requests = 0;
  for (let steps = 0; requests < WARM_UP_REQUESTS && steps < MAX_WARM_UP_STEPS; steps++) {
    const { requestsPerSecond } = await step();
    requests += (requestsPerSecond || 0) * WARM_UP_STEP_SECONDS; // NaN of a run that came to no end
  }
}

function turnsOf(systems: readonly System[], { door, streams }: VisitorCase): Turn[] {
  const connections = VISITOR_CONNECTIONS;
  const load = { protocol: 'HTTP/2', streams, connections } as const;
  const old = { protocol: 'HTTP/1.1', streams: 1, connections: connections * streams } as const;
  return systems.flatMap(({ name, http2 }): Turn[] => {
    if (http2 === undefined) return [];
    const entrance = http2[door];
    if (name !== POSTERN) return [{ name, entrance, load }];
    return [
      { name: HTTP2, entrance, load },
      { name: HTTP1, entrance, load: old },
    ];
  });
}
