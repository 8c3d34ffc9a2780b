/**
 * The logs, by pino: JSON lines on standard output, and audit records as a stream of their own. One record is one line
 * whatever a visitor sends, and no line can move a cursor.
 */
import { closeSync, openSync } from 'node:fs';
import { type DestinationStream, destination, type LoggerOptions, pino } from 'pino';
import { ConfigError } from '../config/config-error.js';
import { quoted } from '../config/text.js';
import type { LogLevel } from '../config/values.js';
import type { Log } from '../core/log.js';
import { systemError } from './exit.js';
import { GatheredOutput } from './gathered-output.js';
import { redact, redactText } from './redact.js';

// JSON escapes C0 only; C1, line separators, bidirectional marks and invisible characters would go out as they are.
const UNSAFE = /[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

// What waits in memory for a disk with room: some ten thousand records.
const MOST_WAITING_CHARS = 4_000_000;

/** What an edge writes to. */
export interface Logging {
  readonly log: Log;
  readonly audit: Log;
  /** Opens the audit file anew, after it was moved away. */
  reopen(): void;
}

/** Opens both logs of an edge. Throws `ConfigError` when the audit file cannot be written. */
export function openLogging({ logLevel, auditLog }: { logLevel: LogLevel; auditLog: string }): Logging {
  const auditFile = auditLog === '-' ? undefined : openAuditFile(auditLog);
  const standard = destination({ dest: 1, sync: true, maxLength: MOST_WAITING_CHARS });
  standard.on('error', () => {}); // there is nowhere left to say it, and a log is no reason to turn visitors away
  const output = new GatheredOutput(standard); // a system call for each line costs several times what making it does
  process.once('exit', () => output.flush());
  const log = createLog(output, { level: logLevel });
  if (auditFile !== undefined) {
    tellOfFullDisk(auditFile, log);
    auditFile.on('drop', (line: string) => output.write(line)); // what no longer fits is on record elsewhere at least
  }
  return {
    log,
    audit: createLog(auditFile ?? { write: (line) => output.writeNow(line) }, {
      level: 'info',
      base: { stream: 'audit' },
    }),
    reopen: () => auditFile?.reopen(),
  };
}

/** The log of an agent, on standard error beside its terminal output. */
export function openErrorLog(level: LogLevel): Log {
  return createLog(destination(2), { level });
}

/** A log that writes redacted JSON lines to a stream. */
export function createLog(stream: DestinationStream, options: Pick<LoggerOptions, 'level' | 'base'>): Log {
  return pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: redact },
      serializers: { err: (described: unknown) => described }, // errors are described where they are redacted
      hooks: {
        logMethod(args, method) {
          const [fields, message, ...rest] = args;
          method.apply(this, [fields, typeof message === 'string' ? redactText(message) : message, ...rest]);
        },
        streamWrite: escapeLine,
      },
      ...options,
    },
    stream,
  );
}

function openAuditFile(path: string): ReturnType<typeof destination> {
  try {
    closeSync(openSync(path, 'a', 0o600)); // it names people: created for the operator's eyes only
    return destination({ dest: path, append: true, sync: true, maxLength: MOST_WAITING_CHARS });
  } catch (error) {
    const reason = systemError(error)?.code;
    throw new ConfigError([`POSTERN_AUDIT_LOG: ${quoted(path)} cannot be written (${reason}): expected - or a file.`]);
  }
}

/** Says once that the file cannot be written, and again only after it could. Records wait, and go out with the next. */
function tellOfFullDisk(auditFile: ReturnType<typeof destination>, log: Log): void {
  let isTold = false;
  auditFile.on('write', () => {
    isTold = false;
  });
  auditFile.on('error', (error: NodeJS.ErrnoException) => {
    if (isTold) return;
    isTold = true;
    log.error({ code: error.code, option: 'POSTERN_AUDIT_LOG' }, 'the audit file cannot be written; records wait');
  });
}

function escapeLine(line: string): string {
  return line.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
