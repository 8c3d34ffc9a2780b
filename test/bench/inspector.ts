/**
 * What the inspector costs the path of a request: an agent that captures, in turns with one that does not, at the same edge. Nobody
 * looks at it meanwhile. Two processes of one program differ by more than that, so there are several pairs.
 */
import type { Driver } from './driver.js';
import type { EyesAmount } from './eyes.js';
import { INSPECTED, INSPECTED_CPU } from './goals.js';
import { driveInTurns } from './pair.js';
import { Postern } from './postern.js';
import type { Samples } from './samples.js';
import { type Entrance, enter } from './systems.js';
import type { BenchTarget } from './target.js';
import { INSPECTOR_OFF, INSPECTOR_ON } from './variants.js';

export async function measureInspector(
  driver: Driver,
  target: BenchTarget,
  amount: EyesAmount,
  samples: Samples,
): Promise<void> {
  const postern = await Postern.start();
  for (let pair = 0; pair < amount.pairs; pair++) {
    const on = await enter(postern, target.origin, `on-${pair}`, { inspect: '127.0.0.1:0' });
    const off = await enter(postern, target.origin, `off-${pair}`);
    await measurePair(driver, [on, off], amount, samples);
  }
  await postern.end();
}

async function measurePair(
  driver: Driver,
  [on, off]: readonly [Entrance, Entrance],
  amount: EyesAmount,
  samples: Samples,
): Promise<void> {
  const entrances = [
    [INSPECTOR_ON, on],
    [INSPECTOR_OFF, off],
  ] as const;
  await driveInTurns(driver, entrances, amount, {
    turn: (name, { requests, seconds, time }) => {
      samples.add(INSPECTED, name, requests / seconds);
      samples.add(INSPECTED_CPU, name, time.agentUs / requests);
    },
    round: (number) => {
      const ratio = samples.ratio([INSPECTED, INSPECTOR_ON], [INSPECTED, INSPECTOR_OFF]);
      console.error(`round ${number}: ${INSPECTED}: ${ratio.toFixed(3)}`);
    },
  });
}
