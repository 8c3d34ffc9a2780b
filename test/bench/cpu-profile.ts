/**
 * Reads a CPU profile as `--cpu-prof` writes it and says in a few lines where the time went: by function (its own time,
 * and with all that it called) and by place. Functions of ours are named by their TypeScript source.
 */
import { existsSync, readFileSync } from 'node:fs';
import { SourceMap } from 'node:module';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { functionName: string; url: string; lineNumber: number; columnNumber: number };
  readonly children?: readonly number[];
}

interface Profile {
  readonly nodes: readonly ProfileNode[];
  /** Microseconds of the system's monotonic clock. */
  readonly startTime: number;
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

interface Spent {
  own: number;
  total: number;
}

export interface SummaryOptions {
  /** What was sampled before and after is left out; microseconds of the monotonic clock. */
  readonly fromUs: number;
  readonly toUs: number;
  /** How long each list may be. */
  readonly most: number;
}

/** The summary: functions by their own time, functions of ours by total time, and the places. */
export function summarize(text: string, { fromUs, toUs, most }: SummaryOptions): string {
  const profile = JSON.parse(text) as Profile;
  const own = ownTimes(profile, fromUs, toUs);
  const functions = new Map<string, Spent>();
  const places = new Map<string, number>();
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const names = new Map(profile.nodes.map((node) => [node.id, nameOf(node)]));

  const visit = (node: ProfileNode, above: ReadonlySet<string>): number => {
    const name = names.get(node.id) as string;
    const within = new Set(above).add(name);
    const self = own.get(node.id) ?? 0;
    let total = self;
    for (const id of node.children ?? []) total += visit(nodes.get(id) as ProfileNode, within);
    const spent = functions.get(name) ?? { own: 0, total: 0 };
    functions.set(name, spent);
    spent.own += self;
    if (!above.has(name)) spent.total += total; // what calls itself is counted once
    places.set(placeOf(node), (places.get(placeOf(node)) ?? 0) + self);
    return total;
  };
  const [root] = profile.nodes;
  const busy = (root === undefined ? 0 : visit(root, new Set())) - (functions.get('(idle)')?.own ?? 0);
  for (const none of ['(idle)', '(root)']) functions.delete(none);

  const share = (time: number) => `${((time / busy) * 100).toFixed(1).padStart(5)} %`;
  const row = ([name, { own, total }]: [string, Spent]) => `  ${share(own)} ${share(total)}  ${name}`;
  const sorted = (by: keyof Spent) => [...functions].sort(([, a], [, b]) => b[by] - a[by]);
  const ours = sorted('total').filter(([name]) => name.includes('src/'));
  const byPlace = [...places].filter(([name]) => name !== '(idle)').sort(([, a], [, b]) => b - a);
  return [
    `busy for ${(busy / 1e6).toFixed(1)} of ${((toUs - fromUs) / 1e6).toFixed(1)} s; own and total time, the most of its own first`,
    ...sorted('own').slice(0, most).map(row),
    'ours, the most in total first',
    ...ours.slice(0, most).map(row),
    'own time by place',
    ...byPlace.slice(0, most).map(([name, time]) => `  ${share(time)}  ${name}`),
  ].join('\n');
}

function ownTimes({ samples, timeDeltas, startTime }: Profile, fromUs: number, toUs: number): Map<number, number> {
  const own = new Map<number, number>();
  let sampledUs = startTime;
  samples.forEach((id, at) => {
    const delta = timeDeltas[at] ?? 0;
    sampledUs += delta;
    if (sampledUs >= fromUs && sampledUs <= toUs) own.set(id, (own.get(id) ?? 0) + delta);
  });
  return own;
}

function nameOf({ callFrame: { functionName, url, lineNumber, columnNumber } }: ProfileNode): string {
  const name = functionName === '' ? '(anonymous)' : functionName;
  if (url === '') return name;
  if (!url.startsWith('file:')) return `${name} ${url}:${lineNumber + 1}`;
  const path = fileURLToPath(url);
  const module = path.split('/node_modules/').at(-1) as string;
  if (module !== path) return `${name} ${module}:${lineNumber + 1}`;
  const entry = sourceMapOf(path)?.findEntry(lineNumber, columnNumber);
  if (entry === undefined || !('originalLine' in entry))
    return `${name} ${relative(process.cwd(), path)}:${lineNumber + 1}`;
  return `${name} ${entry.originalSource.replace(/^.*?(?=src\/)/, '')}:${entry.originalLine + 1}`;
}

// `src/edge/forward`, `ws`, `node:internal/http2`, or `native` for what has no source.
function placeOf({ callFrame: { functionName, url } }: ProfileNode): string {
  if (url === '') return functionName.startsWith('(') ? functionName : 'native';
  if (!url.startsWith('file:')) return url.split('/').slice(0, 2).join('/');
  const module = url.split('/node_modules/').at(-1) as string;
  if (module !== url) return module.split('/')[0] as string;
  return /src\/[^/]+(?:\/[^/]+(?=\/))?/.exec(url)?.[0] ?? url;
}

const sourceMaps = new Map<string, SourceMap | undefined>();

function sourceMapOf(path: string): SourceMap | undefined {
  if (!sourceMaps.has(path)) {
    const file = `${path}.map`;
    sourceMaps.set(path, existsSync(file) ? new SourceMap(JSON.parse(readFileSync(file, 'utf8'))) : undefined);
  }
  return sourceMaps.get(path);
}
