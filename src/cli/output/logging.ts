/**
 * The logs, by pino: JSON lines on standard output, and audit records as a stream of their own. One record is one line
 * whatever a visitor sends, and no line can move a cursor.
 */
import { type DestinationStream, type LoggerOptions, pino } from 'pino';
import { ConfigError } from '../../config/config-error.js';
import { quoted } from '../../config/text.js';
import type { LogLevel } from '../../config/values.js';
import type { Log } from '../../core/log.js';
import type { OutputHealth } from '../../edge/ops/admin-server.js';
import { systemError } from '../process/exit.js';
import { BatchedOutput } from './batched-output.js';
import { redact, redactText } from './redact.js';
import { FileSink, reportOutputFailure, standardSink, unblock } from './sinks.js';

// JSON escapes C0 only; C1, line separators, bidirectional marks and invisible characters would be written as they are.
const UNSAFE = /[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g;

/** What an edge writes to. */
export interface Logging extends OutputHealth {
  readonly log: Log;
  readonly audit: Log;
  /** Writes text for a person between the lines. */
  print(text: string): void;
  /** Reopens the audit file after it was rotated. */
  reopen(): void;
  /** Resolves when all is written, or after a second. */
  close(): Promise<void>;
}

// A live reader takes the rest in less.
const MAX_CLOSE_MS = 1_000;

/** Converts a JSON line to what is shown. */
export type Render = (line: string) => string;

const unchanged: Render = (line) => line;

/**
 * Opens both logs of an edge, as `render` shows them on standard output. Throws `ConfigError` when the audit file cannot be
 * written.
 */
export function openLogging(
  { logLevel, auditLog }: { logLevel: LogLevel; auditLog: string },
  render: Render = unchanged,
): Logging {
  const auditFile = auditLog === '-' ? undefined : openAuditFile(auditLog);
  unblock(process.stderr);
  const output = new BatchedOutput(standardSink(process.stdout), {
    droppedLine: (count) => render(droppedLine(count)),
    failed: reportOutputFailure,
  });
  const log = createLog({ write: (line) => output.write(render(line)) }, { level: logLevel });
  const renderAudit = auditFile === undefined ? render : unchanged;
  const audit = auditFile === undefined ? output : auditOutput(auditFile, output, log);
  process.once('exit', () => {
    output.flushLast();
    audit.flushLast();
  });
  return {
    log,
    print: (text) => output.write(text),
    audit: createLog(
      { write: (line) => audit.writeNow(renderAudit(line)) },
      { level: 'info', base: { stream: 'audit' } },
    ),
    isRecording: () => audit.isFlowing,
    notes: () => outputNotes(output),
    droppedLines: () => output.droppedLines,
    reopen: () => reopen(auditFile, log),
    close: async () => void (await Promise.all([output.drained(MAX_CLOSE_MS), audit.drained(MAX_CLOSE_MS)])),
  };
}

/** The log of an agent, on standard error, apart from its terminal output. */
export function openErrorLog(level: LogLevel): Log {
  return createLog(new BatchedOutput(standardSink(process.stderr), { droppedLine }), { level });
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

function openAuditFile(path: string): FileSink {
  try {
    return new FileSink(path);
  } catch (error) {
    const reason = systemError(error)?.code;
    throw new ConfigError([`POSTERN_AUDIT_LOG: ${quoted(path)} cannot be written (${reason}): expected - or a file.`]);
  }
}

/** Records wait while the file cannot be written; those that find no room go to standard output. */
function auditOutput(file: FileSink, output: BatchedOutput, log: Log): BatchedOutput {
  return new BatchedOutput(file, {
    failed: ({ code }) => {
      log.error({ code, option: 'POSTERN_AUDIT_LOG' }, 'the audit file cannot be written; records wait');
    },
    overflow: (line) => output.writeNow(line),
  });
}

function reopen(file: FileSink | undefined, log: Log): void {
  try {
    file?.reopen();
  } catch (error) {
    const code = systemError(error)?.code;
    log.error({ code, option: 'POSTERN_AUDIT_LOG' }, 'the audit file cannot be opened anew; the old one is kept');
  }
}

function outputNotes(output: BatchedOutput): string[] {
  const notes: string[] = [];
  if (output.isGone) notes.push('log: its reader has gone');
  else if (!output.isFlowing) notes.push('log: its reader has stopped');
  if (output.droppedLines > 0) notes.push(`log: ${output.droppedLines} lines dropped`);
  return notes;
}

function droppedLine(count: number): string {
  const time = new Date().toISOString();
  return `${JSON.stringify({ level: 'warn', time, count, msg: 'log lines dropped' })}\n`;
}

function escapeLine(line: string): string {
  return line.replace(UNSAFE, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
