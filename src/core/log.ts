/** The log interface that all rooms receive as an argument. `cli/` creates one; a logger of `pino` satisfies it too. */

export type LogFields = Readonly<Record<string, unknown>>;

export type Level = 'debug' | 'info' | 'warn' | 'error';

export interface Log {
  /** Checked before the fields of a line per request are collected. If absent, every level is enabled. */
  isLevelEnabled?(level: Level): boolean;
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

/** A log that discards everything, for users of the library API who want none. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
