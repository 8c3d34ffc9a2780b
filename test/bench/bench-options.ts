/** The options of `npm run bench`. */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { PROJECT_ROOT } from '../support/project-root.js';

export const USAGE = `npm run bench -- [options]
  --peer NAME=URL     another system that is already running; asked for /1k, /100k and /10m below its URL; repeatable
  --target-port N     where the target listens, for such peers to lead to
  --rounds N          15
  --seconds N         of each measurement of each round; 1
  --gate-rounds N     of a second each, with the gate on and off; 120
  --connections N     64
  --eyes-pairs N      of edges with and without what an operator watches; 6
  --eyes-rounds N     of three seconds each, for each pair; 4
  --workers-rounds N  of two seconds each, with the agent at the same worker and at the other one; 20
  --only WORDS        speed, gate, eyes, inspector, workers, visitors, cold, wan, links or tls, separated by commas; all of them
  --wan-rounds N      5
  --wan-seconds N     after which a download over the long path is broken off; 6
  --idle-visitors N   idle TLS connections on one edge; 1000
  --links N           idle links on one edge; 3000, fewer measure what an edge takes by itself
  --hold-seconds N    how long they are held; 60
  --log-level LEVEL   of the edge; warn, since no peer logs requests
  --json FILE         .build/bench.json`;

export const { values: flags } = parseArgs({
  options: {
    peer: { type: 'string', multiple: true, default: [] },
    'target-port': { type: 'string' },
    rounds: { type: 'string', default: '15' },
    seconds: { type: 'string', default: '1' },
    'gate-rounds': { type: 'string', default: '120' },
    connections: { type: 'string', default: '64' },
    'eyes-pairs': { type: 'string', default: '6' },
    'eyes-rounds': { type: 'string', default: '4' },
    'workers-rounds': { type: 'string', default: '20' },
    'idle-visitors': { type: 'string', default: '1000' },
    only: { type: 'string', default: 'speed,gate,eyes,inspector,workers,visitors,cold,wan,links,tls' },
    'wan-rounds': { type: 'string', default: '5' },
    'wan-seconds': { type: 'string', default: '6' },
    links: { type: 'string', default: '3000' },
    'hold-seconds': { type: 'string', default: '60' },
    'log-level': { type: 'string', default: 'warn' },
    json: { type: 'string', default: join(PROJECT_ROOT, '.build', 'bench.json') },
    help: { type: 'boolean', default: false },
  },
});
