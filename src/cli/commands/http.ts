/** `postern http`: runs an agent for one target until Ctrl-C, a signal, or a refusal that waiting cannot change. */
import type { Command } from 'commander';
import { type Agent, startAgent } from '../../agent/agent.js';
import { type AgentConfig, loadAgentConfig } from '../../config/agent-config.js';
import { AGENT_OPTIONS, TUNNEL_OPTIONS } from '../../config/agent-options.js';
import type { LogLevel } from '../../config/values.js';
import { type Log, silentLog } from '../../core/log.js';
import { PosternError } from '../../errors.js';
import { KnockNotifier } from '../live/knock-notifier.js';
import { LiveAccess } from '../live/live-access.js';
import { BatchedOutput, type Output } from '../output/batched-output.js';
import { adviceFor } from '../output/connection-advice.js';
import { describeAllow } from '../output/describe-allow.js';
import { JsonLines } from '../output/json-lines.js';
import type { Asker } from '../output/people-lines.js';
import { reportOutputFailure, standardSink, unblock } from '../output/sinks.js';
import type { Terminal, TerminalOptions } from '../output/terminal.js';
import { CommandError, EXIT, printError } from '../process/exit.js';
import { watchFile } from '../process/file-watch.js';
import { addConfigFlag, addFlags, givenFlags } from '../process/flags.js';
import { proxyAgentFor } from '../process/https-proxy.js';
import { clockTime, lifetimeOver } from '../process/lifetime.js';
import { ownName } from '../process/own-name.js';
import { endSignal, exitCodeAfter } from '../process/signals.js';
import { againSentence, SignedInToken } from '../process/signed-in-token.js';
import { agentFilePath, readAgentSources } from '../process/sources.js';
import { warnBeforeExpiry } from './token-expiry.js';

const OPTIONS = { ...AGENT_OPTIONS, ...TUNNEL_OPTIONS };

// A live reader takes the rest in less.
const MAX_OUTPUT_MS = 1_000;

const OVER = 'the time of this tunnel (--for) is over';

// For a terminal of unknown width.
const DEFAULT_COLUMNS = 80;

/** Adds the command to the program. */
export function addHttpCommand(program: Command): void {
  const command = program
    .command('http')
    .description('Put a local server behind a public URL; "postern 5173" is short for "postern http 5173".')
    .argument('<target>', TUNNEL_OPTIONS.target.description);
  addFlags(command, OPTIONS);
  addConfigFlag(command, 'Another file than $XDG_CONFIG_HOME/postern/config.yaml.');
  command.option('--json', 'Print one JSON object per line.');
  command.action((target: string, options: { config?: string; json?: true }) => {
    const flags = { ...givenFlags(command, OPTIONS), target };
    const read = () => loadAgentConfig(readAgentSources(flags, options.config));
    return runAgent(read(), options.json ? 'json' : 'text', { path: agentFilePath(options.config), read });
  });
}

/** The developer's file, and how the configuration is read again after it has changed. */
interface ConfigFile {
  readonly path: string;
  readonly read: () => AgentConfig;
}

async function runAgent(config: AgentConfig, format: 'json' | 'text', file: ConfigFile): Promise<void> {
  const { logLevel, isSignedIn, onKnock, forMs, notify: _notify, ...options } = config;
  const name = config.name ?? ownName(process.cwd(), config.token);
  const over = lifetimeOver(forMs);
  const endsAtMs = forMs === undefined ? undefined : Date.now() + forMs;
  unblock(process.stderr);
  const View = format === 'json' ? undefined : (await import('../output/terminal.js')).Terminal; // here, as is the log below
  const { dropped: droppedLine } = View ?? JsonLines;
  const output = new BatchedOutput(standardSink(process.stdout), { droppedLine, failed: reportOutputFailure });
  process.once('exit', () => output.flushLast());
  const lines = new JsonLines(output, config.edge, endsAtMs);
  const terminal = View && new View(terminalOptions(config, output, endsAtMs));
  const events = terminal ?? lines;
  process.stdout.on('resize', () => terminal?.resized());
  const httpAgent = proxyAgentFor(config.edge, process.env);
  const { edge } = config;
  const signedIn = isSignedIn ? new SignedInToken({ edge, hint: (text) => events.hint(text) }) : undefined;
  await signedIn?.prepare().catch((error: unknown) => {
    throw explainRefusal(error, config);
  });
  const agent = startAgent({
    ...options,
    name,
    ...(signedIn !== undefined && { token: signedIn.current }),
    log: logLevel === undefined ? silentLog : await openErrorLog(logLevel),
    events,
    ...(httpAgent === undefined ? {} : { httpAgent }),
  });
  if (name !== config.name) events.hint(`named ${name} after this folder and you: --name chooses another.`);
  let live: LiveAccess | undefined;
  agent.online.then(
    (url) => {
      output.flush(); // a person waits for the URL
      const screen = process.stdout.isTTY ? terminal : undefined;
      const token = signedIn?.current ?? (async () => config.token);
      const knocked = notifierOf(config, url, terminal, (text) => events.hint(text));
      live = new LiveAccess({ edge, token, url, onKnock, view: events, screen, knocked });
      void live.follow();
    },
    () => undefined, // `ended` reports it
  );
  if (signedIn === undefined) warnBeforeExpiry(config.token, (text) => events.hint(text));
  else signedIn.keepFresh(() => agent.redial());
  const stopWatching = followRules(config, file, agent, (text) => events.hint(text));
  const signal = endSignal();
  const end = await Promise.race([signal, over, agent.ended.catch((error: unknown) => error)]);
  const refusal = typeof end === 'string' ? undefined : end;
  stopWatching();
  live?.close();
  terminal?.close();
  output.flush(); // what is at the bottom is erased before anything else is said
  if (refusal !== undefined) {
    if (format === 'json' && refusal instanceof PosternError) lines.refused(refusal);
    throw explainRefusal(refusal, config);
  }
  if (end === 'over' && format === 'json') lines.over(OVER);
  printError(end === 'over' ? `${OVER}.` : 'finishing what is running; Ctrl-C again ends at once');
  await agent.close();
  await output.drained(MAX_OUTPUT_MS);
  process.exit(end === 'over' ? EXIT.ok : exitCodeAfter(await signal));
}

/** What tells the person on the desktop of who asks to be let in; undefined where it is off. */
function notifierOf(
  { notify = process.stdout.isTTY ? 'on' : 'off' }: AgentConfig,
  url: string,
  terminal: Terminal | undefined,
  failed: (text: string) => void,
): ((asker: Asker) => void) | undefined {
  if (notify === 'off') return undefined;
  const ring = terminal && ((text: string) => terminal.ring(text));
  const notifier = new KnockNotifier({ tunnel: new URL(url).hostname, env: process.env, ring, failed });
  return (asker) => notifier.knock(asker);
}

/** Offers the allow rules of the file whenever they change. */
function followRules(config: AgentConfig, file: ConfigFile, agent: Agent, hint: (text: string) => void): () => void {
  let offered = config.allow.join();
  return watchFile(file.path, () => {
    try {
      const { allow } = file.read();
      if (allow.join() === offered) return;
      offered = allow.join();
      agent.setAllow(allow);
      hint(`open to ${describeAllow(allow)} from now on`);
    } catch (error) {
      hint(`the rules stay as they were: ${(error as Error).message}`);
    }
  });
}

async function openErrorLog(level: LogLevel): Promise<Log> {
  const logging = await import('../output/logging.js'); // here, so that an agent without a log need not load one
  return logging.openErrorLog(level);
}

function terminalOptions(config: AgentConfig, output: Output, endsAtMs: number | undefined): TerminalOptions {
  const { edge, target, allow } = config;
  const columns = () => (process.stdout.isTTY ? process.stdout.columns || DEFAULT_COLUMNS : undefined);
  const rows = () => process.stdout.rows || undefined; // 0 where a terminal has no size
  const coloured = process.stdout.isTTY && !process.env['NO_COLOR'] && process.env['TERM'] !== 'dumb';
  return {
    output,
    coloured,
    columns,
    rows,
    type: process.env['TERM'],
    edge,
    target,
    allow,
    limits: limitsOf(config, endsAtMs),
  };
}

/** What a tunnel is limited to, in words. */
function limitsOf({ readOnly, viewers }: AgentConfig, endsAtMs: number | undefined): string[] {
  return [
    ...(readOnly ? ['looking (read-only)'] : []),
    ...(viewers === undefined ? [] : [`${viewers} ${viewers === 1 ? 'person' : 'people'} at once`]),
    ...(endsAtMs === undefined ? [] : [`the time until ${clockTime(endsAtMs)}`]),
  ];
}

function explainRefusal(error: unknown, { edge, isSignedIn }: AgentConfig): unknown {
  if (!(error instanceof PosternError) || error.code === 'ERR_INTERNAL' || error.code === 'ERR_CONFIG_INVALID')
    return error;
  const isSignInOver = isSignedIn && error.code === 'ERR_TOKEN_INVALID';
  const advice = isSignInOver ? againSentence(edge) : adviceFor(error);
  const sentence = `the edge refused: ${error.text} (${error.code})`;
  return new CommandError(advice === undefined ? sentence : `${sentence}\n${advice}`, EXIT.refused, { cause: error });
}
