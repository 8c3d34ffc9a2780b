#!/usr/bin/env node
/** The `postern` command: one program, one file per command. Gives every failure its exit code. */
import { Command, CommanderError } from 'commander';
import { addConfigCommand } from './config-check.js';
import { addEdgeCommand } from './edge.js';
import { EXIT, report } from './exit.js';
import { addHttpCommand } from './http.js';
import { endWithReader } from './sinks.js';
import { addTokenCommand } from './token.js';
import { tuneProcess } from './tuning.js';
import { readVersion } from './version.js';

tuneProcess();

endWithReader();

try {
  await createProgram().parseAsync(expandShort(process.argv.slice(2)), { from: 'user' });
} catch (thrown) {
  process.exit(thrown instanceof CommanderError ? usageCode(thrown) : report(thrown));
}

function createProgram(): Command {
  const program = new Command('postern')
    .description('Put localhost behind a public URL that only the people you allow can open.')
    .version(readVersion(), '-V, --version', 'Print the version.')
    .helpOption('-h, --help', 'Print this help.')
    .helpCommand('help [command]', 'Print the help of a command.')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'postern: ')) })
    .showSuggestionAfterError()
    .exitOverride();
  addHttpCommand(program);
  addEdgeCommand(program);
  addTokenCommand(program);
  addConfigCommand(program);
  return program;
}

/** `postern 5173` is `postern http 5173`, and so are URLs and `localhost:5173`. */
function expandShort(args: readonly string[]): string[] {
  const isTarget = /^(?:\d+|https?:\/\/.*|[^-/][^/]*:\d+)$/i.test(args[0] ?? '');
  return isTarget ? ['http', ...args] : [...args];
}

// Help and version were asked for; everything else that commander throws is a wrong command line.
function usageCode({ exitCode }: CommanderError): number {
  return exitCode === 0 ? EXIT.ok : EXIT.usage;
}
