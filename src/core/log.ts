/** The log interface that all rooms receive as an argument. `cli/` creates one; a logger of `pino` satisfies it too. */

export type LogFields = Readonly<Record<string, unknown>>;

/** The fields of the line that every request makes, in the order in which it has them. Without a value, it has none of the name. */
export interface RequestFields extends LogFields {
  readonly requestId: string;
  readonly host: string;
  readonly address: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly code: string | undefined;
  readonly aborted: true | undefined;
  readonly cutBy: string | undefined;
  readonly accessToken: string | undefined;
  readonly client: string | undefined;
  readonly traceId: string | undefined;
  readonly durationMs: number;
}

export type Level = 'debug' | 'info' | 'warn' | 'error';

export interface Log {
  /** Checked before the fields of a line per request are collected. If absent, every level is enabled. */
  isLevelEnabled?(level: Level): boolean;
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** Writes what `info(fields, 'request')` does, in less time. If absent, that is called. */
  request?(fields: RequestFields): void;
}

/** A log that discards everything, for users of the library API who want none. */
export const silentLog: Log = { debug() {}, info() {}, warn() {}, error() {} };
