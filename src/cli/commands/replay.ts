/** `postern replay`: sends a captured request again, changed or as it was, and prints what came of it. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Command } from 'commander';
import type { Exchange, HeaderRow, ReplayEdit } from '../../agent/inspector/wire.js';
import { isReserved } from '../../http/header-rules.js';
import { exchangeLines } from '../output/exchange-line.js';
import { CommandError, EXIT } from '../process/exit.js';
import type { InspectorClient } from '../process/inspector-client.js';
import { type ChosenTunnels, chosenTunnels, holderOf } from '../process/running-inspectors.js';
import { checked } from './logs.js';

interface Options {
  readonly name?: string;
  readonly latest?: true;
  readonly filter?: string;
  readonly method?: string;
  readonly path?: string;
  readonly header?: readonly string[];
  readonly dropHeader?: readonly string[];
  readonly body?: string;
  readonly bodyFile?: string;
  readonly stdin?: true;
  readonly count?: string;
  readonly json?: true;
}

const MAX_COUNT = 50;
const POLL_MS = 50;

/** Adds the command to the program. */
export function addReplayCommand(program: Command): void {
  const command = program
    .command('replay')
    .description('Send a request of a running tunnel to its own local server again, as the same person.')
    .argument('[id]', 'The id at the end of its line in "postern logs".')
    .option('--latest', 'The last request.')
    .option('--filter <filter>', 'The last request that passes, such as "method:POST path:/webhooks".')
    .option('--name <name>', 'One of several tunnels.')
    .option('--method <method>', 'Another method.')
    .option('--path <path>', 'Another path, with its query.')
    .option('--header <header>', 'Sets a header, such as "X-Debug: 1"; repeat for more.', list)
    .option('--drop-header <name>', 'Leaves a header out; repeat for more.', list)
    .option('--body <text>', 'Another body.')
    .option('--body-file <path>', 'Another body, from a file.')
    .option('--stdin', 'Another body, from standard input.')
    .option('--count <number>', 'How often, up to 50.', '1')
    .option('--json', 'Print one JSON object per line.');
  command.action((id: string | undefined, options: Options) => replay(id, options));
}

function list(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

async function replay(given: string | undefined, options: Options): Promise<void> {
  const { count = '1', json } = options;
  if (!/^[1-9]\d?$/.test(count) || Number(count) > MAX_COUNT)
    throw new CommandError(`--count: expected a number from 1 to ${MAX_COUNT}.`, EXIT.usage);
  checkChoice(given, options);
  const edit = editOf(options);
  const chosen = given === undefined ? await chosenTunnels(options.name) : undefined;
  const { client: inspector, id } =
    chosen === undefined
      ? await holderOf(given as string, options.name) // one of the two is given
      : { client: chosen.client, id: await latestId(chosen, options) };
  const lineOf = exchangeLines({ tunnels: chosen?.tunnels ?? [], term: chosen?.term ?? '' });
  const headers = await headersOf(inspector, id, options);
  const { ids } = await inspector.replay(id, { count: Number(count), edit: { ...edit, ...(headers && { headers }) } });
  let hasFailed = false;
  for (const replayed of ids) {
    const exchange = await settled(inspector, replayed);
    hasFailed ||= exchange.state === 'failed' || exchange.state === 'aborted';
    process.stdout.write(`${json ? JSON.stringify(exchange) : lineOf(exchange)}\n`);
  }
  if (hasFailed) process.exitCode = EXIT.failure;
}

function checkChoice(id: string | undefined, { latest, filter }: Options): void {
  if ([id, latest, filter].filter((way) => way !== undefined).length !== 1)
    throw new CommandError('choose a request in one way: by its id, with --latest or with --filter.', EXIT.usage);
  checked(filter ?? '');
}

async function latestId({ client, term }: ChosenTunnels, { filter = '' }: Options): Promise<string> {
  const { exchanges } = await client.exchanges({ filter: `${filter} ${term} -is:replay -is:websocket`, limit: 1 });
  const [found] = exchanges;
  if (found === undefined) throw new CommandError('there is no such request: "postern logs" lists them.');
  return found.id;
}

function editOf({ method, path, body, bodyFile, stdin }: Options): ReplayEdit {
  const bodies = [
    body === undefined ? undefined : () => Buffer.from(body),
    bodyFile === undefined ? undefined : () => readBody(bodyFile),
    stdin === undefined ? undefined : () => readFileSync(0),
  ].filter((read) => read !== undefined);
  if (bodies.length > 1) throw new CommandError('choose one of --body, --body-file and --stdin.', EXIT.usage);
  return {
    ...(method !== undefined && { method }),
    ...(path !== undefined && { path }),
    ...(bodies[0] !== undefined && { bodyBase64: bodies[0]().toString('base64') }),
  };
}

function readBody(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CommandError(
      `--body-file: the file cannot be read (${(error as NodeJS.ErrnoException).code}).`,
      EXIT.usage,
    );
  }
}

/** The headers as they are to be sent; undefined when none is changed. What only Postern says stays. */
async function headersOf(
  inspector: InspectorClient,
  id: string,
  { header = [], dropHeader = [] }: Options,
): Promise<readonly HeaderRow[] | undefined> {
  if (header.length === 0 && dropHeader.length === 0) return undefined;
  const set = header.map(readHeader);
  const gone = new Set([...dropHeader, ...set.map(([name]) => name)].map((name) => name.toLowerCase()));
  const fixed = [...gone].find(isReserved);
  if (fixed !== undefined)
    throw new CommandError(`${fixed}: only Postern says this, and it cannot be changed.`, EXIT.usage);
  const { request } = await inspector.revealed(id);
  return [...request.headers.filter(([name]) => !gone.has(name)), ...set];
}

function readHeader(text: string): HeaderRow {
  const [, name, value = ''] = /^([^:]+):[ \t]*(.*)$/s.exec(text) ?? [];
  if (name === undefined)
    throw new CommandError('--header: expected a name and a value, such as "X-Debug: 1".', EXIT.usage);
  return [name.toLowerCase(), value];
}

/** Once it has ended; an event stream, which has no end of its own, once it has begun. */
async function settled(inspector: InspectorClient, id: string): Promise<Exchange> {
  for (;;) {
    const exchange = await inspector.exchange(id);
    if (exchange.state !== 'open' || exchange.kind === 'events') return exchange;
    await delay(POLL_MS);
  }
}
