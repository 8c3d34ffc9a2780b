/** The tree of commands as shells complete it: for each command its subcommands, flags and arguments, and what their values are. */
import type { Command, Option } from 'commander';

/** What the command line itself completes while a person types (names.ts). */
export const LIVE_KINDS = ['tunnels', 'targets', 'described', 'people', 'edges', 'services'] as const;
export type LiveKind = (typeof LIVE_KINDS)[number];

/** What a value may be. */
export type Values =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  | { readonly kind: 'files' }
  | { readonly kind: 'live'; readonly of: LiveKind }
  | { readonly kind: 'unknown' };

export interface Described {
  readonly name: string;
  /** One line, its first clause. */
  readonly description: string;
}

export interface Flag extends Described {
  /** `-h` beside `--help`. */
  readonly short: string | undefined;
  /** Undefined where it takes none. */
  readonly values: Values | undefined;
}

/** One command. */
export interface Node {
  /** `/knocks/allow`; empty for the program itself. */
  readonly path: string;
  readonly subcommands: readonly Described[];
  readonly flags: readonly Flag[];
  /** Of its arguments; undefined without any. */
  readonly argument: Values | undefined;
}

/** Live values by the name of an argument or a flag, of one command or of any; a test holds that each is still there. */
export const LIVE: Readonly<Record<string, LiveKind>> = {
  target: 'targets',
  name: 'targets',
  '/service/remove name': 'services',
  '/doctor target': 'described',
  tunnel: 'described',
  rule: 'people',
  edge: 'edges',
  '--edge': 'edges',
  '--name': 'tunnels',
};

/** Paths of requests, not of files. */
const REQUEST_PATHS: ReadonlySet<string> = new Set(['--public-path', '--post']);

const FILES: ReadonlySet<string> = new Set(['path', 'program']);

// The first clause of a description is enough beside a name.
const CLAUSE_END = /[;.:](?: |$)| \(/;
const MAX_DESCRIPTION_CHARS = 80;

// A word of a shell that needs no quoting: whatever else a description has of choices is not offered.
const PLAIN = /^[\w.-]+$/;

/** The program and all commands below it that are not hidden, in the order of the help. */
export function readTree(program: Command): readonly Node[] {
  const [top, ...others] = nodesOf(program, '');
  if (top === undefined) return others;
  // `postern help` takes a command.
  const words = top.subcommands.map(({ name }) => name).filter((name) => name !== 'help');
  const withHelp = others.map((node) =>
    node.path === '/help' ? { ...node, argument: { kind: 'words', words } as const } : node,
  );
  return [top, ...withHelp];
}

function nodesOf(command: Command, path: string): Node[] {
  const help = command.createHelp();
  // Each command with subcommands has a `help`; that of the program is enough.
  const subcommands = help.visibleCommands(command).filter((sub) => path === '' || sub.name() !== 'help');
  const [first] = help.visibleArguments(command);
  const node: Node = {
    path,
    subcommands: subcommands.map((sub) => ({ name: sub.name(), description: oneLine(sub.description()) })),
    flags: help.visibleOptions(command).map(readFlag),
    argument: first && valuesOf(first.name(), '', first.argChoices, path),
  };
  return [node, ...subcommands.flatMap((sub) => nodesOf(sub, `${path}/${sub.name()}`))];
}

function readFlag(option: Option): Flag {
  const { long, short, flags, description, argChoices } = option;
  const placeholder = /[<[]([^>\]]+)[>\]]/.exec(flags)?.[1];
  return {
    name: long ?? short ?? '',
    short: long === undefined ? undefined : short,
    description: oneLine(description),
    values: placeholder === undefined ? undefined : valuesOf(long ?? '', placeholder, argChoices),
  };
}

function valuesOf(name: string, placeholder: string, choices: readonly string[] | undefined, path = ''): Values {
  const words = choices ?? (placeholder.includes('|') ? placeholder.split('|') : []);
  if (words.length > 0 && words.every((word) => PLAIN.test(word))) return { kind: 'words', words };
  if (FILES.has(placeholder) && !REQUEST_PATHS.has(name)) return { kind: 'files' };
  const of = [`${path} ${name}`, name].map((key) => (Object.hasOwn(LIVE, key) ? LIVE[key] : undefined)).find(Boolean);
  return of === undefined ? { kind: 'unknown' } : { kind: 'live', of };
}

function oneLine(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  const end = line.search(CLAUSE_END);
  const clause = end === -1 ? line : line.slice(0, end);
  return clause.length > MAX_DESCRIPTION_CHARS ? `${clause.slice(0, MAX_DESCRIPTION_CHARS - 1)}…` : clause;
}
