/** The logs: JSON lines on standard output, and audit records as a stream of their own. */
import { ConfigError } from '../../config/config-error.js';
import { quoted } from '../../config/text.js';
import type { LogLevel } from '../../config/values.js';
import type { Level, Log, LogFields } from '../../core/log.js';
import type { OutputHealth } from '../../edge/ops/admin-server.js';
import { systemError } from '../process/exit.js';
import { accessLine } from './access-line.js';
import { BatchedOutput, type Output } from './batched-output.js';
import { logLine } from './log-line.js';
import { SharedSink } from './shared-sink.js';
import { FileSink, reportOutputFailure, standardSink, unblock } from './sinks.js';

const LEVELS: readonly Level[] = ['debug', 'info', 'warn', 'error'];

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

// A log that is followed is as live to its reader as with less.
const BATCH_MS = 100;

// A live reader takes the rest in less.
const MAX_CLOSE_MS = 1_000;

/** Converts a JSON line to what is shown. */
export type Render = (line: string) => string;

const unchanged: Render = (line) => line;

/**
 * Opens both logs of an edge, as `render` shows them on standard output; `fields` are in each line of the log. Throws
 * `ConfigError` when the audit file cannot be written.
 */
export function openLogging(
  { logLevel, auditLog }: { logLevel: LogLevel; auditLog: string },
  render: Render = unchanged,
  fields?: { readonly worker: number },
): Logging {
  const auditFile = auditLog === '-' ? undefined : openAuditFile(auditLog);
  unblock(process.stderr);
  const output = new BatchedOutput(
    fields === undefined ? standardSink(process.stdout) : new SharedSink(standardSink(process.stdout)),
    {
      batchMs: BATCH_MS,
      droppedLine: (count) => render(droppedLine(count)),
      failed: reportOutputFailure,
    },
  );
  const log = createLog(
    { write: (line) => output.write(render(line)) },
    { level: logLevel, ...(fields && { base: fields }) },
  );
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
  const output = new BatchedOutput(standardSink(process.stderr), { droppedLine });
  process.once('exit', () => output.flushLast());
  return createLog(output, { level });
}

/** A log that writes redacted JSON lines, `base` in each of them. */
export function createLog(output: Output, { level, base = {} }: { level: Level; base?: LogFields }): Log {
  const rest = Object.entries(base).map(([name, value]) => `,${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const headOf = (of: Level) => cachedHead(`{"level":"${of}","time":"`, `"${rest.join('')}`);
  const infoHead = headOf('info');
  const writer = (of: Level, head = headOf(of)) => {
    if (!isEnabled(of)) return () => {};
    return (fields: LogFields, message: string) => void output.write(logLine(head(), fields, message));
  };
  const isEnabled = (of: Level) => LEVELS.indexOf(of) >= LEVELS.indexOf(level);
  return {
    isLevelEnabled: isEnabled,
    debug: writer('debug'),
    info: writer('info', infoHead),
    warn: writer('warn'),
    error: writer('error'),
    request: isEnabled('info') ? (fields) => void output.write(accessLine(infoHead(), fields)) : () => {},
  };
}

/** What lines begin with; those of a millisecond have the same. */
function cachedHead(start: string, end: string): () => string {
  let headMs = Number.NaN;
  let head = '';
  return () => {
    const ms = Date.now();
    if (ms !== headMs) {
      headMs = ms;
      head = [start, timeOf(ms), end].join(''); // one text: `+` would leave it in parts, to be copied one by one
    }
    return head;
  };
}

// `toISOString` takes as long as the rest of a line, and most of its text is that of the line before.
let secondMs = Number.NaN;
let secondText = '';

/** A time as RFC 3339 writes it, in UTC with milliseconds. */
function timeOf(ms: number): string {
  const fraction = ms - secondMs;
  if (fraction >= 0 && fraction < 1_000) return `${secondText}${String(1_000 + fraction).slice(1)}Z`;
  secondMs = Math.floor(ms / 1_000) * 1_000;
  secondText = new Date(secondMs).toISOString().slice(0, -4);
  return timeOf(ms);
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
