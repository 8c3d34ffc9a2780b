/** A worker: an edge whose connections, store and directory are its supervisor's. It ends when that one says so, or is gone. */
import type { Socket } from 'node:net';
import { Calls, type Methods } from '../../cluster/ipc/calls.js';
import { IpcDirectory } from '../../cluster/ipc/ipc-directory.js';
import { IpcOthers } from '../../cluster/ipc/ipc-others.js';
import { IpcStore } from '../../cluster/ipc/ipc-store.js';
import { SEEN } from '../../cluster/ipc/worker-group.js';
import type { EdgeConfig } from '../../config/edge-config.js';
import type { Edge } from '../../edge/edge.js';
import { type Beyond, createNodeId } from '../../edge/node.js';
import { countAttemptsWith } from '../../edge/request/attempts.js';
import type { HandedOut } from '../../edge/visitors/listen/handed-out.js';
import type { Listener } from '../../edge/visitors/listen/listeners.js';
import type { Logging } from '../output/logging.js';
import { EXIT } from '../process/exit.js';
import { readVersion } from '../process/version.js';
import { onConnection, portOfSupervisor, type WorkerStart, type WorkerStatus } from './wire.js';

/** Runs until the supervisor ends it. */
export async function runWorker(config: EdgeConfig, logging: Logging): Promise<void> {
  let edge: Edge | undefined;
  const methods = new Map<string, (...args: never[]) => unknown>([
    [SEEN, () => {}],
    ['worker.status', () => statusOf(edge)],
    ['worker.serves', (host: string) => edge?.status.serves(host) ?? false],
    ['worker.reload', () => reload(logging, edge)],
    ['worker.drain', () => end(edge, logging)],
    ['worker.move', (beyond: Beyond) => edge?.moveAway(beyond)],
  ]);
  const { calls, store, directory, others, worker, start } = await connect(methods);
  ignoreSignals();
  const { startEdge } = await import('../../edge/edge.js');
  const connections = handedOut(start.listeners);
  const isInStore = config.peer !== undefined; // with the tunnels of other machines
  if (!isInStore) await directory.join();
  edge = await startEdge(config, {
    ...{ log: logging.log, audit: logging.audit, health: logging, version: readVersion() },
    shared: {
      ...{ store: config.store === undefined ? store : undefined, others, connections, worker },
      directory: isInStore ? undefined : directory,
    },
  });
  // Where its directory is in the store, the line that names where others reach it says which node it is.
  logging.log.info({ pid: process.pid, ...(!isInStore && { node: directory.self.id }) }, 'worker up');
  await calls.call('worker.ready');
}

async function connect(methods: Map<string, (...args: never[]) => unknown>) {
  const all: Map<string, (...args: never[]) => unknown> = new Map(methods);
  const calls = new Calls(portOfSupervisor(), all);
  // Without a supervisor there is no listener, no store and no directory: agents and visitors are better off elsewhere.
  process.once('disconnect', () => process.exit(EXIT.failure));
  const start = await calls.call<WorkerStart>('worker.start');
  const store = new IpcStore(() => calls);
  const peer = `unix:${start.peer}`;
  const nearby = { machine: start.machine, peer };
  const directory = new IpcDirectory(() => calls, { id: createNodeId(), peer, state: 'up', nearby });
  const others = new IpcOthers(() => calls, all);
  countAttemptsWith({
    consume: (kind, party) => calls.call('attempts.consume', kind, party),
    reward: (kind, party) => calls.call('attempts.reward', kind, party),
  });
  const add = (more: Methods) => {
    for (const [name, method] of more) all.set(name, method);
  };
  add(store.methods);
  add(directory.methods);
  return { calls, store, directory, others, worker: { slot: start.slot, nearby }, start };
}

// A signal of the terminal reaches all processes of the group; the supervisor says what follows from it.
function ignoreSignals(): void {
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
}

function handedOut(listeners: readonly Listener[]): HandedOut {
  let take: ((socket: Socket, listener: Listener) => void) | undefined;
  onConnection((socket, at) => {
    const listener = listeners[at];
    if (take === undefined || listener === undefined) return void socket.destroy();
    socket.allowHalfOpen = true; // as of every listener: a client may end its side behind the last request
    take(socket, listener);
  });
  return {
    listeners,
    start: (accept) => {
      take = accept;
    },
  };
}

function statusOf(edge: Edge | undefined): WorkerStatus {
  if (edge === undefined) return { ready: 'starting', notes: [], metrics: '' };
  return { ready: edge.status.isReady(), notes: edge.status.notes(), metrics: edge.status.metrics() };
}

function reload(logging: Logging, edge: Edge | undefined): void {
  logging.reopen();
  edge?.reload();
}

async function end(edge: Edge | undefined, logging: Logging): Promise<void> {
  await edge?.close();
  await logging.close();
  process.exit(EXIT.ok);
}
