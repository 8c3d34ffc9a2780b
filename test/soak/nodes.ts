/**
 * `npm run soak:nodes -- MINUTES`: three nodes with one Redis under requests, WebSockets and event streams without a pause, while the
 * second and the third are restarted and killed in turns. Ends with 1 when a byte was wrong, when a restart lost a request, or when the
 * first node or an agent holds more than after the first turns.
 */
import { Load } from '../support/nodes/load.js';
import { Nodes, type TestNode } from '../support/nodes/nodes.js';
import { complaints, type Holdings, holdings, judge, REPORTING } from './holdings.js';

const TUNNELS = ['demo', 'dev-second', 'dev-third'];
const TURNS_AT_LEAST = 4;

// What a kill may cost: the request on its way, and those that come before the agent has dialled again.
const COST_OF_A_KILL = / (?:502|503)\b/;

// Links of agents and of other nodes come and go with the nodes: three of each, and their way to Redis.
const AT_MOST = { sockets: 40, files: 80 };

class NodesSoak {
  readonly failures: string[] = [];
  readonly #nodes: Nodes;
  #requests = 0;
  #messages = 0;

  constructor(nodes: Nodes) {
    this.#nodes = nodes;
  }

  get report(): string {
    return `${this.#requests} requests, ${this.#messages} messages`;
  }

  /** One node is restarted or killed under load, and everything goes on after it. */
  async turn(node: TestNode, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const loads = await Promise.all(TUNNELS.map((name) => this.#start(name)));
    node.program.signal(signal);
    await node.program.exited;
    await this.#nodes.restart(node);
    const before = loads.map(({ requests }) => requests);
    while (loads.some(({ requests }, at) => requests < (before[at] ?? 0) + 50))
      await new Promise((resolve) => setTimeout(resolve, 100));
    await Promise.all(loads.map((load) => load.stop()));
    for (const { wrong, requests, messages } of loads) {
      this.#requests += requests;
      this.#messages += messages;
      const found = signal === 'SIGTERM' ? wrong : wrong.filter((what) => !COST_OF_A_KILL.test(what));
      this.failures.push(...found.map((what) => `${signal}: ${what}`));
    }
  }

  async #start(name: string): Promise<Load> {
    const { world } = this.#nodes;
    const url = world.urlOf(name);
    const load = new Load(await world.signedIn('ana', `${url}/`), { url });
    await load.start();
    return load;
  }
}

async function run(minutes: number): Promise<string[]> {
  const edgeEnv = { POSTERN_DRAIN: '3s', ...REPORTING };
  const nodes = await Nodes.start({ edgeEnv, agentEnv: REPORTING });
  try {
    const agents = [];
    for (const name of TUNNELS) agents.push(await nodes.world.startAgent({ name }));
    const [steady, ...others] = nodes.all as [TestNode, ...TestNode[]];
    const watched = { 'the first node': steady.program, 'an agent': agents[0] ?? steady.program };
    const soak = new NodesSoak(nodes);
    const atFirst = new Map<string, Holdings>();
    const endMs = performance.now() + minutes * 60_000;
    for (let turn = 1; soak.failures.length === 0; turn++) {
      const node = others[turn % others.length] as TestNode;
      await soak.turn(node, turn % 4 < 2 ? 'SIGTERM' : 'SIGKILL');
      const isLast = turn >= 2 * TURNS_AT_LEAST && performance.now() > endMs;
      if (turn !== TURNS_AT_LEAST && !isLast) continue;
      for (const [name, program] of Object.entries(watched)) {
        const held = await holdings(program, atFirst.get(name));
        console.log(`turn ${turn}, ${name}: ${JSON.stringify(held)}`);
        const first = { ...(atFirst.get(name) ?? held), ...AT_MOST };
        if (isLast) soak.failures.push(...judge(name, first, held), ...complaints(program));
        atFirst.set(name, held);
      }
      console.log(soak.report);
      if (isLast) break;
    }
    return soak.failures;
  } finally {
    await nodes.close();
  }
}

const failures = await run(Number(process.argv[2] ?? 1));
for (const failure of failures.slice(0, 20)) console.error(`FOUND ${failure}`);
console.log(failures.length === 0 ? 'no wrong byte, no lost request, nothing left over' : `${failures.length} found`);
process.exitCode = failures.length === 0 ? 0 : 1;
