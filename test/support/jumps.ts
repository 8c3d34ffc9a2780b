/** Sets the wall clock of a program ahead and back (jumping-clock.ts): what ends in an hour has ended, however long a test has taken. */
import { compiled, type Program } from './processes.js';

/** The environment of a program whose clock can jump. */
export const JUMPING = { NODE_OPTIONS: `--import ${compiled('./jumping-clock.js')}` };

const SIGNALS = { ahead: 'SIGUSR2', back: 'SIGWINCH' } as const;

/** Sets the clock so many hours ahead or back; resolves when it is. */
export async function jump(program: Program, way: keyof typeof SIGNALS, hours = 1): Promise<void> {
  for (let at = 0; at < hours; at++) {
    const mark = program.mark();
    program.signal(SIGNALS[way]);
    await program.record((line) => 'jumped' in line, mark);
  }
}
