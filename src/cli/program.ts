/** The `postern` program: one file per command, loaded when the command is asked for. Gives every failure its exit code. */
import type { Command as Program, CommanderError as UsageError } from 'commander';
import { Command, CommanderError } from './process/commander.js';
import { EXIT, reportFailure } from './process/exit.js';
import { refuseOldFlags } from './process/old-flags.js';
import { tuneProcess } from './process/tuning.js';
import { readVersion } from './process/version.js';

/** Each command, in the order of `--help`. An agent need not load what an edge is made of. */
const COMMANDS: Readonly<Record<string, () => Promise<(program: Program) => void>>> = {
  http: async () => (await import('./commands/http.js')).addHttpCommand,
  run: async () => (await import('./commands/run.js')).addRunCommand,
  start: async () => (await import('./commands/start.js')).addStartCommand,
  allow: async () => (await import('./commands/access.js')).addAllowCommand,
  revoke: async () => (await import('./commands/access.js')).addRevokeCommand,
  status: async () => (await import('./commands/status.js')).addStatusCommand,
  logs: async () => (await import('./commands/logs.js')).addLogsCommand,
  replay: async () => (await import('./commands/replay.js')).addReplayCommand,
  knocks: async () => (await import('./commands/knocks.js')).addKnocksCommand,
  'access-token': async () => (await import('./commands/access-token.js')).addAccessTokenCommand,
  invite: async () => (await import('./commands/invite.js')).addInviteCommand,
  invites: async () => (await import('./commands/invite.js')).addInvitesCommand,
  login: async () => (await import('./commands/login.js')).addLoginCommand,
  logout: async () => (await import('./commands/logout.js')).addLogoutCommand,
  doctor: async () => (await import('./commands/doctor.js')).addDoctorCommand,
  service: async () => (await import('./commands/service.js')).addServiceCommand,
  edge: async () => (await import('./commands/edge.js')).addEdgeCommand,
  token: async () => (await import('./commands/token.js')).addTokenCommand,
  completion: async () => (await import('./commands/completion.js')).addCompletionCommand,
  config: async () => (await import('./commands/config.js')).addConfigCommand,
};

/** What shells ask while a person types; in no help. */
const COMPLETE = '__complete';

/** Runs a command line to its end. Exits the process when it fails. */
export async function run(commandLine: readonly string[]): Promise<void> {
  tuneProcess();
  try {
    refuseOldFlags(commandLine);
    const args = await expandShorthand(commandLine);
    const program = createProgram();
    if (args[0] === COMPLETE) (await import('./commands/completion.js')).addCompleteCommand(program);
    else for (const name of commandsFor(args)) (await COMMANDS[name]?.())?.(program);
    await program.parseAsync(args, { from: 'user' });
  } catch (thrown) {
    process.exit(thrown instanceof CommanderError ? usageCode(thrown) : reportFailure(thrown));
  }
}

/** The program with all commands, for what looks at them and runs none. */
export async function createWholeProgram(): Promise<Program> {
  const program = createProgram();
  for (const add of Object.values(COMMANDS)) (await add())(program);
  return program;
}

function createProgram(): Program {
  return new Command('postern')
    .description('Put localhost behind a public URL that only the people you allow can open.')
    .version(readVersion(), '-V, --version', 'Print the version.')
    .helpOption('-h, --help', 'Print this help.')
    .helpCommand('help [command]', 'Print the help of a command.')
    .configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'postern: ')) })
    .showSuggestionAfterError()
    .showHelpAfterError('--help prints how a command is used.')
    .exitOverride();
}

/** The commands that a command line needs: its own one, or all for the help and for a mistyped one. */
function commandsFor([first = '', second = '']: readonly string[]): readonly string[] {
  if (first === 'completion') return Object.keys(COMMANDS); // the script has all
  const name = first === 'help' ? second : first;
  return Object.hasOwn(COMMANDS, name) ? [name] : Object.keys(COMMANDS);
}

/** `postern 5173` is `postern http 5173`, and so are URLs, `localhost:5173` and the name of a tunnel of the file. */
async function expandShorthand(args: readonly string[]): Promise<string[]> {
  const [first = ''] = args;
  if (first === '' || first === 'help' || first === COMPLETE || first.startsWith('-') || Object.hasOwn(COMMANDS, first))
    return [...args];
  const isTarget = /^(?:\d+|https?:\/\/.*|[^-/][^/]*:\d+)$/i.test(first);
  return isTarget || (await isTunnel(first, configFlag(args))) ? ['http', ...args] : [...args];
}

async function isTunnel(name: string, configPath: string | undefined): Promise<boolean> {
  const { isTunnelOfFile } = await import('./process/sources.js');
  return isTunnelOfFile(name, configPath);
}

function configFlag(args: readonly string[]): string | undefined {
  const joined = args.find((arg) => arg.startsWith('--config='));
  const at = args.indexOf('--config');
  return joined?.slice('--config='.length) ?? (at === -1 ? undefined : args[at + 1]);
}

// Help was asked for; everything else that commander throws is a wrong command line.
function usageCode({ exitCode }: UsageError): number {
  return exitCode === 0 ? EXIT.ok : EXIT.usage;
}
