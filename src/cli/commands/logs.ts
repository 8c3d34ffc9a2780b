/** `postern logs`: the exchanges of running tunnels, as their inspector keeps them. */
import type { Command } from 'commander';
import { matchesFilter, parseFilter } from '../../agent/inspector/filter.js';
import type { Exchange } from '../../agent/inspector/wire.js';
import { exchangeLines } from '../output/exchange-line.js';
import { CommandError, EXIT } from '../process/exit.js';
import type { InspectorClient } from '../process/inspector-client.js';
import { type ChosenTunnels, chosenTunnels } from '../process/running-inspectors.js';

interface Options {
  readonly name?: string;
  readonly filter?: string;
  readonly limit: string;
  readonly follow?: true;
  readonly json?: true;
}

const MAX_LIMIT = 1_000;

/** Adds the command to the program. */
export function addLogsCommand(program: Command): void {
  const command = program
    .command('logs')
    .description('Print the requests of the tunnels that run on this machine, the oldest first.')
    .option('--name <name>', 'One of several tunnels.')
    .option(
      '--filter <filter>',
      'Only those that pass, such as "status:5xx -path:*.js"; docs/inspector.md has the language.',
    )
    .option('--limit <number>', 'How many of the latest at most, up to 1000.', '200')
    .option('--follow', 'Go on with those that come.')
    .option('--json', 'Print one JSON object per line.');
  command.action(async (options: Options) => print(await chosenTunnels(options.name), options));
}

async function print(chosen: ChosenTunnels, { filter: given = '', limit, follow, json }: Options): Promise<void> {
  const { client: inspector, term } = chosen;
  const count = /^[1-9]\d{0,3}$/.test(limit) ? Number(limit) : Number.NaN;
  if (!(count <= MAX_LIMIT)) throw new CommandError(`--limit: expected a number from 1 to ${MAX_LIMIT}.`, EXIT.usage);
  const filter = `${checked(given)} ${term}`;
  // First the stream, so that no exchange ends between it and the list.
  const events = follow && (await inspector.events());
  const { exchanges } = await inspector.exchanges({ filter, limit: count });
  const lineOf = exchangeLines(chosen, exchanges);
  const show = (exchange: Exchange) => write(json ? JSON.stringify(exchange) : lineOf(exchange));
  const shown = new Set<string>();
  for (const exchange of [...exchanges].reverse()) {
    if (follow && exchange.state === 'open') continue; // when it has ended
    shown.add(exchange.id);
    show(exchange);
  }
  if (events === undefined) return;
  const { readEvents } = await import('../process/tunnel-events.js');
  for await (const { event, data } of readEvents(Promise.resolve(events))) {
    if (event !== 'exchange') continue;
    const exchange = JSON.parse(data) as Exchange;
    if (exchange.state === 'open' || shown.has(exchange.id) || !(await passes(inspector, filter, exchange))) continue;
    shown.add(exchange.id);
    show(exchange);
  }
}

/** Whether an exchange passes; words in headers and bodies are looked for where they are kept. */
async function passes(inspector: InspectorClient, text: string, exchange: Exchange): Promise<boolean> {
  const parsed = parseFilter(text);
  if ('problem' in parsed) return false;
  if (!parsed.filter.hasWords) return matchesFilter(parsed.filter, exchange);
  const { exchanges } = await inspector.exchanges({ filter: text, before: exchange.seq + 1, limit: 1 });
  return exchanges[0]?.id === exchange.id;
}

/** The filter itself. Throws a usage error for one that is none. */
export function checked(filter: string): string {
  const parsed = parseFilter(filter);
  if ('problem' in parsed) throw new CommandError(`--filter: ${parsed.problem.message}`, EXIT.usage);
  return filter;
}

// The line has its own colours, and JSON escapes what would change a terminal.
function write(line: string): void {
  process.stdout.write(`${line}\n`);
}
