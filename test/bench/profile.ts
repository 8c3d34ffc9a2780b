/**
 * Leaves CPU profiles of an edge and an agent under load in the working directory (`edge.cpuprofile` and
 * `agent.cpuprofile`, for the developer tools of Chromium) and prints where the time went: `npm run profile -- [options]`.
 */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { SHIPPED_POSTERN } from '../support/processes.js';
import { processorUs } from './children.js';
import { summarize } from './cpu-profile.js';
import { findDriver, type Load } from './driver.js';
import { driveH2load, findH2load } from './h2load.js';
import { Postern } from './postern.js';
import { startBenchTarget } from './target.js';

const USAGE = `npm run profile -- [options]
  --path PATH         /1k, /100k, /10m or /100m; /1k
  --connections N     64
  --streams N         over HTTP/2 (h2load), so many requests at once on each connection
  --seconds N         10
  --inspect           with the inspector of the agent
  --public            a public tunnel instead of a signed-in session
  --log-level LEVEL   of the edge; warn
  --most N            lines of each list; 15
  --interval US       between samples, in microseconds; 500`;

const { values: flags } = parseArgs({
  options: {
    path: { type: 'string', default: '/1k' },
    connections: { type: 'string', default: '64' },
    streams: { type: 'string' },
    seconds: { type: 'string', default: '10' },
    inspect: { type: 'boolean', default: false },
    public: { type: 'boolean', default: false },
    'log-level': { type: 'string', default: 'warn' },
    most: { type: 'string', default: '15' },
    interval: { type: 'string', default: '500' },
    help: { type: 'boolean', default: false },
  },
});

interface ProfileLoad {
  readonly requestsPerSecond: number;
  readonly errors: number;
  /** Not told by h2load. */
  readonly p50Ms?: number;
}

interface ProfileDriver {
  readonly name: string;
  drive(load: Load): Promise<ProfileLoad>;
}

// Code that is not compiled yet runs at a third of its speed. It stays in the profiles, and out of the summaries.
const WARM_UP_SECONDS = 3;

if (flags.help) console.log(USAGE);
else await main();
process.exit();

async function main(): Promise<void> {
  const target = await startBenchTarget(undefined);
  // A file per module, with source maps: the bundled command has neither, and its functions would have no source.
  const script = SHIPPED_POSTERN;
  const postern = await Postern.start({ logLevel: flags['log-level'], edgeNodeArgs: profiling('edge'), script });
  const allow = flags.public ? 'public' : '@acme.com';
  const name = 'demo';
  const agent = await postern.startAgent({
    ...{ name, allow, targetUrl: target.origin, nodeArgs: profiling('agent') },
    inspect: flags.inspect ? '127.0.0.1:0' : 'off',
  });
  const { host } = new URL(postern.urlOf(name));
  const headers = flags.public ? { host } : await (await postern.signIn(name))();
  const driver: ProfileDriver = flags.streams === undefined ? findDriver() : http2Driver(Number(flags.streams));
  const url = `http://127.0.0.1:${postern.port}${flags.path}`;
  const load = { url, headers, connections: Number(flags.connections) };
  await driver.drive({ ...load, seconds: WARM_UP_SECONDS });
  const spent = () => [postern.edge, agent].map(({ pid }) => processorUs(pid) ?? Number.NaN);
  const before = spent();
  const fromUs = nowUs();
  const { requestsPerSecond, p50Ms, errors }: ProfileLoad = await driver.drive({
    ...load,
    seconds: Number(flags.seconds),
  });
  const toUs = nowUs();
  const requests = requestsPerSecond * Number(flags.seconds);
  const perRequest = spent().map((us, at) => ((us - (before[at] ?? 0)) / requests).toFixed(0));
  await agent.end(); // the profile is written when a process ends
  await postern.end();
  await target.end();
  console.log(`${flags.path}, ${flags.connections} connections, driven by ${driver.name}, target: ${target.name}`);
  console.log(
    `${requestsPerSecond.toFixed(0)} requests/s, ${p50Ms === undefined ? '' : `p50 ${p50Ms.toFixed(2)} ms, `}${errors} errors`,
  );
  console.log(`CPU a request, profiler included: edge ${perRequest[0]} us, agent ${perRequest[1]} us`);
  for (const part of ['edge', 'agent']) {
    const file = `${part}.cpuprofile`;
    console.log(
      `\n${part} (${file}): ${summarize(readFileSync(file, 'utf8'), { fromUs, toUs, most: Number(flags.most) })}`,
    );
  }
}

function http2Driver(streams: number): ProfileDriver {
  const command = findH2load();
  if (command === undefined) throw new Error('--streams needs h2load (apt install nghttp2-client)');
  return {
    name: `h2load, ${streams} at once on each`,
    drive: (load) => driveH2load(command, { ...load, streams, protocol: 'HTTP/2' }),
  };
}

// The clock of V8's profiles.
function nowUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

function profiling(part: string): string[] {
  const place = [`--cpu-prof-dir=${process.cwd()}`, `--cpu-prof-name=${part}.cpuprofile`];
  return ['--cpu-prof', `--cpu-prof-interval=${flags.interval}`, ...place];
}
