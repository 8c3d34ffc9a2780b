/** The log interface that rooms receive as an argument. `pino` satisfies it; the composition in `cli/` creates one. */

export type LogFields = Readonly<Record<string, unknown>>;

export type Level = 'debug' | 'info' | 'warn' | 'error';

export interface Log {
  /** Asked before fields are gathered for a line that is written for each request; absent means that every line counts. */
  isLevelEnabled?(level: Level): boolean;
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** A log that keeps nothing, for callers of the library API who want none. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
