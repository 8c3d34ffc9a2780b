/** A simulation of several clusters: what each has, what is said of all of them, and of what has never happened. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Counts, type Found, merged } from '../../simulation/counts.js';
import { DISTURBANCES } from '../../simulation/disturbances.js';
import { EFFECTS } from '../../simulation/effects.js';
import { simulateGroups } from '../../simulation/groups.js';
import { missing, report } from '../../simulation/report.js';
import type { Settings } from '../../simulation/settings.js';

const SETTINGS = { nodes: 9, tunnels: 100, minutes: 4, seed: 1 };

function foundOf(times: number, without?: string): Found {
  const counts = new Counts(
    () => 0,
    () => {},
  );
  const kinds = DISTURBANCES.flatMap((of) => of.map(([kind]) => kind)).filter((kind) => kind !== without);
  for (let at = 0; at < times; at++) for (const kind of kinds) counts.event(kind);
  for (const effect of EFFECTS) if (effect !== without) counts.effect(effect);
  return counts.found;
}

describe('a simulation of several clusters', () => {
  it('shares nodes and tunnels out, and gives each a seed of its own', async () => {
    const run: Settings[] = [];
    const all = { nodes: 5, tunnels: 11, minutes: 2, seed: 2 ** 32 - 1 };
    const found = await simulateGroups(all, {
      ...{ groups: 2, threads: 2, isTold: false },
      ended: (settings) => run.push(settings),
    });
    assert.deepEqual(
      run.map(({ nodes, tunnels, seed }) => [nodes, tunnels, seed]).sort(([one = 0], [other = 0]) => one - other),
      [
        [2, 5, 2 ** 32 - 1],
        [3, 6, 0],
      ],
    );
    assert.deepEqual(found.violations, []);
    assert.ok((found.times.get('link opened')?.length ?? 0) >= 11);
  });

  it('says of a violation how to run its cluster again', () => {
    const broken = new Counts(
      () => 1_000,
      () => {},
    );
    broken.violation('two agents keep it');
    broken.converged('link opened', 7);
    const both = merged([
      { name: 'npm run simulate -- 2 5 2 7', ...broken.found },
      { name: 'other', ...foundOf(1) },
      { name: 'third', ...foundOf(2) },
    ]);
    assert.equal(both.violationCount, 1);
    assert.deepEqual(both.times.get('link opened'), [7]);
    assert.equal(both.events.get('node killed'), 3);
    assert.match(report(SETTINGS, 2, both), /npm run simulate -- 2 5 2 7: +1\.000 s +two agents keep it/);
  });
});

describe('a disturbance that has never happened', () => {
  it('fails a run in which all others have often', () => {
    assert.deepEqual(missing(SETTINGS, 1, foundOf(4)), []);
    for (const what of ['store emptied', 'node frozen', 'link lost', 'request relayed', 'lease ended'])
      for (const groups of [1, 3]) assert.deepEqual(missing(SETTINGS, groups, foundOf(6, what)), [what]);
    assert.match(report(SETTINGS, 1, foundOf(6, 'clock set')), /NEVER HAPPENED: clock set/);
  });

  it('fails none that was too short for it, or has too few nodes', () => {
    assert.deepEqual(missing(SETTINGS, 1, foundOf(0)).length, 0);
    assert.deepEqual(missing(SETTINGS, 3, foundOf(1, 'split brain')), []);
    assert.deepEqual(missing({ ...SETTINGS, nodes: 2 }, 1, foundOf(6, 'split brain')), []);
  });
});
