/**
 * Ctrl-C, SIGTERM and the end of the terminal, for a command that runs until it is interrupted: the first signal drains, the
 * second ends the process.
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

/** Whether a standard stream is a terminal: then SIGHUP means that it was closed, otherwise that files must be read again. */
export function hasTerminal(): boolean {
  return [0, 1, 2].some((fd) => isatty(fd));
}

/** The exit code after a complete drain: a person interrupts, a supervisor's SIGTERM is the regular end. */
export function exitCodeAfter(signal: EndSignal): number {
  return signal === 'SIGINT' ? EXIT.interrupted : EXIT.ok;
}
