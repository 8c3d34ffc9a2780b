/**
 * Loaded with `--import` into a program under test: its wall clock jumps an hour ahead at SIGUSR2 and an hour back at
 * SIGWINCH, and it says so in one JSON line. Monotonic time goes on as it does when somebody sets a clock.
 */
const HOUR_MS = 3_600_000;
const RealDate = Date;
let shiftMs = 0;

class ShiftedDate extends RealDate {
  constructor(...args: unknown[]) {
    super(...((args.length === 0 ? [ShiftedDate.now()] : args) as [number]));
  }
  static override now(): number {
    return RealDate.now() + shiftMs;
  }
}
globalThis.Date = ShiftedDate as DateConstructor;

function jump(ms: number): void {
  shiftMs += ms;
  process.stdout.write(`{"jumped":${ms}}\n`);
}

process.on('SIGUSR2', () => jump(HOUR_MS));
process.on('SIGWINCH', () => jump(-HOUR_MS));
