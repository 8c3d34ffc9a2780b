/** The demo's options, and its failures as one sentence each. */
import { parseArgs } from 'node:util';

const USAGE = 'expected "npm run demo", "npm run demo -- --port 8081" or "npm run demo -- --open"';

/** A failure that needs no more than its sentence. */
export class Sentence extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Reads the command line; throws a `Sentence` about what is wrong with it. */
export function readOptions(args: readonly string[]): { port: number; open: boolean } {
  const { port = '8080', open = false } = parse(args);
  if (!/^\d{1,5}$/.test(port) || Number(port) < 1 || Number(port) > 65_535) {
    throw new Sentence(`--port ${JSON.stringify(port)} is no port: expected a number from 1 to 65535.`, 2);
  }
  return { port: Number(port), open };
}

/** What went wrong, for a person. */
export function explain(thrown: unknown): string {
  if (thrown instanceof Sentence) return thrown.message;
  const { code, port, message } = rootOf(thrown);
  if (code === 'EADDRINUSE') {
    return `port ${port} is used by another program: stop that one, or choose another port with "npm run demo -- --port 8081".`;
  }
  if (code === 'EACCES') return `port ${port} may not be opened: choose one from 1024 on with --port.`;
  return `it did not start: ${message ?? String(thrown)}`;
}

/** One line on standard error. */
export function complain(text: string): void {
  process.stderr.write(`demo: ${text}\n`);
}

function parse(args: readonly string[]): { port?: string; open?: boolean } {
  try {
    const options = { port: { type: 'string' }, open: { type: 'boolean' } } as const;
    return { ...parseArgs({ args: [...args], options }).values };
  } catch {
    throw new Sentence(`${args.join(' ')} is not understood: ${USAGE}.`, 2);
  }
}

function rootOf(thrown: unknown): { code?: string; port?: number; message?: string } {
  let error = thrown;
  while (error instanceof Error && error.cause instanceof Error) error = error.cause;
  return error instanceof Error ? error : {};
}
