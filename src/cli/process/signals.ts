/**
 * Ctrl-C, SIGTERM and the end of the terminal, of a command that runs until it is told to end: the first asks for a drain,
 * the second ends it.
 */
import { constants } from 'node:os';
import { isatty } from 'node:tty';
import { EXIT } from './exit.js';

export type EndSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP';

/** Resolves with the first signal. From then on another one ends the process at once. */
export function endSignal(): Promise<EndSignal> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (signal: EndSignal) => {
      if (asked) process.exit(128 + constants.signals[signal]);
      asked = true;
      resolve(signal);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    if (hasTerminal()) process.on('SIGHUP', onSignal);
  });
}

/** Whether a terminal is at any end of the command: SIGHUP then says that it was closed, elsewhere to read files anew. */
export function hasTerminal(): boolean {
  return [0, 1, 2].some((fd) => isatty(fd));
}

/** The exit code after a whole drain: a person interrupts, a supervisor's SIGTERM is the ordinary end. */
export function exitCodeAfter(signal: EndSignal): number {
  return signal === 'SIGINT' ? EXIT.interrupted : EXIT.ok;
}
