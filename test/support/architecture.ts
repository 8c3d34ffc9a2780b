/**
 * The rules of the source tree, as functions from sources to violations: which room and wing may import which, no import cycle
 * (types included), one owner per dependency, the system only in `cli/`, and no `any`, default export or enum.
 */
import { dirname, posix } from 'node:path';
import type { Room } from './rooms.js';
import { type Token, tokenize } from './source-words.js';

/** Source text by path below `src/`, such as `auth/identity/policy.ts`. */
export type Sources = Readonly<Record<string, string>>;

/** One sentence with the file (and line) that breaks a rule. */
export type Violation = string;

export interface Rules {
  /** The rooms and their wings. A file directly in `src/` is a room of its own. */
  readonly rooms: Readonly<Record<string, Room>>;
  /** Which files may import a package. Every package that is imported must be listed. */
  readonly owners: Readonly<Record<string, RegExp>>;
  /** Packages that only one of their possible owners may import. */
  readonly single: readonly string[];
  /** Files that read no bytes of the wire and so may take white space as Unicode has it. */
  readonly unicodeSpace: RegExp;
}

/** All violations of all rules. */
export function findViolations(sources: Sources, rules: Rules): Violation[] {
  const files = Object.entries(sources).map(([path, source]) => ({ path, tokens: tokenize(source) }));
  const imports = files.flatMap(({ path, tokens }) => readImports(path, tokens));
  return [
    ...imports.flatMap((one) => checkRooms(one, rules)),
    ...imports.flatMap((one) => checkOwner(one, rules)),
    ...checkSingle(imports, rules),
    ...findCycles(imports),
    ...files.flatMap(({ path, tokens }) => checkWords(path, tokens)),
    ...files.flatMap(({ path, tokens }) => (rules.unicodeSpace.test(path) ? [] : checkWhiteSpace(path, tokens))),
  ];
}

interface Import {
  readonly from: string;
  readonly line: number;
  /** A path below `src/`, or the specifier of a package. */
  readonly to: string;
  readonly local: boolean;
}

function readImports(path: string, tokens: readonly Token[]): Import[] {
  return tokens.flatMap((token, at) => {
    const specifier = importedAt(tokens, at);
    if (specifier === undefined) return [];
    const local = specifier.startsWith('.');
    const to = local ? posix.join(dirname(path), specifier).replace(/\.js$/, '.ts') : specifier;
    return [{ from: path, line: token.line, to, local }];
  });
}

// `from '...'` of an import or re-export, `import '...'`, `import('...')` as value or type, and `createRequire(...)('...')`.
function importedAt(tokens: readonly Token[], at: number): string | undefined {
  const [token, next, after] = tokens.slice(at, at + 3);
  if (token?.text === 'createRequire' && next?.text === '(') return requiredAt(tokens, at);
  if (token?.kind !== 'word' || !['from', 'import'].includes(token.text) || tokens[at - 1]?.text === '.')
    return undefined;
  if (next?.kind === 'string') return next.text;
  return token.text === 'import' && next?.text === '(' ? (after?.text ?? '') : undefined;
}

// Of `createRequire(import.meta.url)('...')`, which names its package at once. Any other use names none, and has no owner.
function requiredAt(tokens: readonly Token[], at: number): string {
  const call = tokens.slice(at + 1, at + 9);
  const isDirect =
    call
      .slice(0, 7)
      .map(({ text }) => text)
      .join('') === '(import.meta.url)';
  const [open, name] = tokens.slice(at + 8, at + 10);
  return isDirect && open?.text === '(' && name?.kind === 'string' ? name.text : 'createRequire';
}

function checkRooms({ from, line, to, local }: Import, { rooms }: Rules): Violation[] {
  if (!local) return [];
  const where = `${from}:${line}`;
  if (to.startsWith('..')) return [`${where} imports ${to}, which is outside src`];
  const [name, other] = [roomOf(from), roomOf(to)];
  const room = rooms[name];
  if (room === undefined) return [`${where} is in a room that the design does not name: ${name}; ${listed(rooms)}`];
  if (name === other) return checkWings(where, room, wingOf(from), wingOf(to));
  return [other, `${other}/${wingOf(to)}`].some((permitted) => room.imports.includes(permitted))
    ? []
    : [`${where} imports ${to}: ${name} may not import from ${other}`];
}

// A file beside the wings composes them; they may import only what is named as shared.
function checkWings(where: string, { wings, shared = [] }: Room, from: string, to: string): Violation[] {
  if (wings === undefined || from === to) return [];
  const wing = wings[from];
  if (wing === undefined) {
    return from.endsWith('.ts')
      ? []
      : [`${where} is in a wing that the design does not name: ${from}; ${listed(wings)}`];
  }
  if (wing.imports.includes(to) || shared.includes(to)) return [];
  return [`${where} imports from ${to}: ${from} (${wing.holds}) may not; ${listed(wings)}`];
}

function listed(places: Readonly<Record<string, { readonly holds: string }>>): string {
  const lines = Object.entries(places).map(([name, { holds }]) => `${name} (${holds})`);
  return `a file goes where its subject is: ${lines.join(', ')}`;
}

function checkOwner({ from, line, to, local }: Import, { owners }: Rules): Violation[] {
  if (local) return [];
  const name = packageOf(to);
  const owner = owners[name];
  if (owner === undefined)
    return name.startsWith('node:') ? [] : [`${from}:${line} imports ${name}, which has no owner`];
  return owner.test(from) ? [] : [`${from}:${line} imports ${name}, which belongs to ${owner.source}`];
}

function checkSingle(imports: readonly Import[], { single }: Rules): Violation[] {
  return single.flatMap((name) => {
    const files = new Set(imports.filter(({ to }) => packageOf(to) === name).map(({ from }) => from));
    return files.size > 1 ? [`${name} is imported by ${[...files].join(' and ')}, expected one file`] : [];
  });
}

function findCycles(imports: readonly Import[]): Violation[] {
  const edges = new Map<string, string[]>();
  for (const { from, to, local } of imports) if (local) edges.set(from, [...(edges.get(from) ?? []), to]);
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): Violation[] => {
    const start = trail.indexOf(path);
    if (start >= 0) return [`import cycle: ${[...trail.slice(start), path].join(' -> ')}`];
    if (done.has(path)) return [];
    const found = (edges.get(path) ?? []).flatMap((to) => visit(to, [...trail, path]));
    done.add(path);
    return found;
  };
  return [...edges.keys()].flatMap((path) => visit(path, []));
}

function checkWords(path: string, tokens: readonly Token[]): Violation[] {
  return tokens.flatMap((token, at) => {
    const why =
      token.kind === 'word' && forbidden(path, token.text, tokens[at - 1]?.text, tokens.slice(at + 1, at + 3));
    return why ? [`${path}:${token.line} ${why}`] : [];
  });
}

const TRIMS: ReadonlySet<string> = new Set(['trim', 'trimStart', 'trimEnd', 'trimLeft', 'trimRight']);

// In an expression, and in a text that one is made of.
const SPACE_CLASS: Readonly<Partial<Record<Token['kind'], RegExp>>> = {
  regex: /(?<!\\)(?:\\\\)*\\[sS]/,
  string: /\\\\[sS]/,
};

// On the wire white space is SP and HTAB (RFC 9110 section 5.6.3); these take U+00A0, one byte of many a letter, as well.
function checkWhiteSpace(path: string, tokens: readonly Token[]): Violation[] {
  return tokens.flatMap(({ kind, text, line }, at) => {
    const isTrim = kind === 'word' && TRIMS.has(text) && tokens[at - 1]?.text === '.';
    const isClass = SPACE_CLASS[kind]?.test(text) ?? false;
    return isTrim || isClass ? [`${path}:${line} takes Unicode's white space for that of the wire`] : [];
  });
}

const SYSTEM = new Set(['env', 'exit', 'exitCode', 'argv', 'stdin', 'stdout', 'stderr', 'on', 'once']);

function forbidden(
  path: string,
  word: string,
  before: string | undefined,
  after: readonly Token[],
): string | undefined {
  const [next, then] = after;
  if (word === 'any' && before !== '.' && next?.text !== '(') return 'says any';
  if (word === 'enum' && next?.kind === 'word') return 'has an enum';
  if (word === 'default' && (before === 'export' || before === 'as')) return 'has a default export';
  if (path.startsWith('cli/') || before === '.') return undefined;
  if (word === 'console' && next?.text === '.') return 'uses console outside cli';
  if (word !== 'process' || next?.text === ':') return undefined;
  if (next?.text !== '.') return 'hands the process around outside cli';
  return SYSTEM.has(then?.text ?? '') ? `uses process.${then?.text} outside cli` : undefined;
}

function roomOf(path: string): string {
  return path.split('/')[0] ?? path;
}

// The folder below the room, or the file directly in it.
function wingOf(path: string): string {
  return path.split('/')[1] ?? '';
}

function packageOf(specifier: string): string {
  if (specifier.startsWith('node:')) return specifier;
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}
