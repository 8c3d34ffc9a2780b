import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { compiled } from '../../support/processes.js';

// As many as the machines of several people who test at once have test processes, with more ports than there are in one part.
const THREADS = 22;
const PORTS = 110;

// Each loads the module anew, as a process does.
const DRAW = `
const { parentPort, workerData } = require('node:worker_threads');
import(workerData).then(async ({ freePort }) => {
  const ports = [];
  for (let count = 0; count < ${PORTS}; count++) ports.push(await freePort());
  parentPort.postMessage(ports);
  parentPort.on('message', () => {}); // what it has claimed stays claimed until it is ended
});`;

test('a port is given once, however many test processes draw at the same time', async (t) => {
  const drawn = Array.from({ length: THREADS }, async () => {
    const worker = new Worker(DRAW, { eval: true, workerData: compiled('./free-port.js') });
    t.after(() => worker.terminate());
    const [ports] = (await once(worker, 'message')) as [number[]];
    return ports;
  });
  const ports = (await Promise.all(drawn)).flat();
  assert.equal(new Set(ports).size, THREADS * PORTS);
  assert.ok(ports.every((port) => port > 12_000 && port < 32_000));
});
