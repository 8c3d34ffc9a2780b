/** `postern edge`: runs the front door until a signal drains it. */
import { type Command, Option } from 'commander';
import { ConfigError } from '../../config/config-error.js';
import { type EdgeConfig, loadEdgeConfig } from '../../config/edge-config.js';
import { EDGE_OPTIONS } from '../../config/edge-options.js';
import { ListenError } from '../../config/listen-error.js';
import { printable } from '../../config/text.js';
import type { Log } from '../../core/log.js';
import type { Edge } from '../../edge/edge.js';
import { type Logging, openLogging } from '../output/logging.js';
import type { ReadableOptions } from '../output/readable-log.js';
import { endOfLifeWarning } from '../process/end-of-life.js';
import { CommandError, EXIT } from '../process/exit.js';
import { addConfigFlag, addFlags, givenFlags } from '../process/flags.js';
import { takeInheritedSockets } from '../process/inherited-sockets.js';
import { type EndSignal, endSignal, exitCodeAfter, hasTerminal } from '../process/signals.js';
import { readEdgeSources } from '../process/sources.js';
import { readVersion } from '../process/version.js';

// For a terminal of unknown width.
const DEFAULT_COLUMNS = 80;

/** Adds the command to the program. */
export function addEdgeCommand(program: Command): void {
  const command = program.command('edge').description('Run the front door that visitors and agents connect to.');
  addFlags(command, EDGE_OPTIONS);
  addConfigFlag(command, 'A YAML file of options, such as config/edge.yaml.');
  command.option('--json', 'Print JSON lines on a terminal too, as everywhere else.');
  command.addOption(new Option('--worker <slot>').hideHelp()); // how a supervisor starts its workers
  command.action(async ({ json, worker }: { json?: true; worker?: string }) => {
    const config = readEdgeConfig(command);
    const isReadable = json !== true && process.stdout.isTTY;
    if (worker !== undefined) await runAsWorker(config, worker, isReadable);
    else if (config.workers > 1) await runSupervisor(config, isReadable);
    else await runEdge(config, isReadable);
  });
}

/** The configuration of an edge from a command's flags and everything beneath them. */
export function readEdgeConfig(command: Command): EdgeConfig {
  rejectUnverifiedTls();
  return loadEdgeConfig(readEdgeSources(givenFlags(command, EDGE_OPTIONS), command.opts<{ config?: string }>().config));
}

async function runAsWorker(config: EdgeConfig, slot: string, isReadable: boolean): Promise<void> {
  if (process.send === undefined || !/^\d{1,2}$/.test(slot))
    throw new CommandError('--worker is for the processes that postern edge --workers starts by itself', EXIT.usage);
  const { logging } = await openOutput(config, isReadable, { worker: Number(slot) });
  const { runWorker } = await import('../workers/worker.js');
  await runWorker(config, logging);
}

async function runSupervisor(config: EdgeConfig, isReadable: boolean): Promise<void> {
  const { logging, readable } = await openOutput(config, isReadable);
  const { log } = logging;
  warnAboutOldNode(log);
  const ended = endSignal();
  const inherited = takeInheritedSockets(process.env, process.pid);
  const { Supervisor } = await import('../workers/supervisor.js');
  const command = [process.argv[1] ?? '', ...process.argv.slice(2)] as const;
  const supervisor = await Supervisor.start(config, { log, inherited, command }).catch((error: unknown) => {
    throw explainStart(error);
  });
  if (!hasTerminal()) process.on('SIGHUP', () => replaceWorkers(logging, supervisor));
  await serve(supervisor, { config, logging, readable, ended });
}

async function openOutput(config: EdgeConfig, isReadable: boolean, fields?: { readonly worker: number }) {
  const readable = isReadable ? await import('../output/readable-log.js') : undefined; // loaded here, as is the edge below
  const render = readable && ((line: string) => readable.readableLine(line, terminalOptions()));
  return { readable, logging: openLogging(config, render, fields) };
}

/** What has been started, whether it is one process or several. */
type Running = Pick<Edge, 'url' | 'port' | 'addresses' | 'adminPort' | 'close' | 'reload'>;

interface Serving {
  readonly config: EdgeConfig;
  readonly logging: Logging;
  readonly readable: typeof import('../output/readable-log.js') | undefined;
  readonly ended: Promise<EndSignal>;
}

async function runEdge(config: EdgeConfig, isReadable: boolean): Promise<void> {
  const { logging, readable } = await openOutput(config, isReadable);
  const { log, audit } = logging;
  warnAboutOldNode(log);
  const ended = endSignal();
  const inherited = takeInheritedSockets(process.env, process.pid);
  const { startEdge } = await import('../../edge/edge.js'); // here, so that other commands do not load it
  const options = { log, audit, health: logging, version: readVersion(), inherited };
  const edge = await startEdge(config, options).catch((error: unknown) => {
    throw explainStart(error);
  });
  if (!hasTerminal()) process.on('SIGHUP', () => reload(logging, edge));
  await serve(edge, { config, logging, readable, ended });
}

async function serve(edge: Running, { config, logging, readable, ended }: Serving): Promise<void> {
  const { log } = logging;
  if (readable) logging.print(readable.edgeBlock(config, edge));
  const { url, port, adminPort, addresses } = edge;
  log.info({ url, port, adminPort, addresses }, 'edge up');
  const signal = await ended;
  log.info({ signal }, 'edge drains');
  await edge.close();
  log.info({}, 'edge down');
  await logging.close();
  process.exit(exitCodeAfter(signal));
}

// Options are not read again: some of them are part of sessions and links that exist.
function reload({ log, reopen }: Logging, edge: Running): void {
  log.info({ signal: 'SIGHUP' }, 'audit file, revoked tokens and certificate are read again; options are not');
  reopen();
  edge.reload();
}

// What the supervisor itself uses (addresses, the store, how many workers) stays as it is.
function replaceWorkers({ log, reopen }: Logging, supervisor: Running): void {
  log.info({ signal: 'SIGHUP' }, 'workers are replaced one after the other, and read options and files again');
  reopen();
  supervisor.reload();
}

function terminalOptions(): ReadableOptions {
  const { isTTY, columns } = process.stdout;
  const coloured = isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
  return { coloured, columns: () => columns || DEFAULT_COLUMNS };
}

// Identity rests on the provider: an edge that trusts any server in its place has no gate.
function rejectUnverifiedTls(): void {
  if (process.env['NODE_TLS_REJECT_UNAUTHORIZED'] !== '0') return;
  throw new ConfigError([
    'NODE_TLS_REJECT_UNAUTHORIZED=0 lets anyone pose as the identity provider: name its certificate in NODE_EXTRA_CA_CERTS.',
  ]);
}

function warnAboutOldNode(log: Log): void {
  const warning = endOfLifeWarning(process.versions.node, new Date());
  if (warning !== undefined) log.warn({ node: process.versions.node }, warning);
}

// The operator can fix a port that is taken or forbidden: a sentence, not a stack.
function explainStart(error: unknown): unknown {
  if (!(error instanceof ListenError)) return error;
  return new CommandError(printable(error.message), undefined, { cause: error });
}
