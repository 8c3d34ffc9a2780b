/**
 * Metrics: families of counters, gauges and histograms, and their text for Prometheus (exposition format 0.0.4). What happens for
 * each request is one addition to an array; the text is made for each scrape. Every series exists from the start, so that a
 * scraper sees the first increase, and there are as many as the code names: no value from outside becomes a label.
 */
import { PosternError } from '../errors.js';

/** One line: what follows the name of the family, its labels, and the value. */
export interface Sample {
  /** `_bucket`, `_sum` or `_count` of a histogram; empty for all others. */
  readonly suffix: string;
  /** As written between the braces; empty for none. */
  readonly labels: string;
  readonly value: number;
}

/** Series of one name. */
export interface Family {
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly name: string;
  /** One sentence for those who read the metric. */
  readonly help: string;
  /** The names of its labels. */
  readonly labels: readonly string[];
  samples(): readonly Sample[];
}

/** A label of a counter, and all values that it may have. */
export interface Label<Value extends string> {
  readonly name: string;
  readonly values: readonly Value[];
}

/** A counter with a series for each combination of the values of its labels. */
export class Counter<Values extends readonly string[] = []> implements Family {
  readonly kind = 'counter';
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly #counts: Float64Array;
  readonly #texts: readonly string[];
  readonly #places: ReadonlyMap<string, number>;

  constructor(name: string, help: string, ...labels: { readonly [At in keyof Values]: Label<Values[At]> }) {
    const all: readonly Label<string>[] = labels;
    const series = combinations(all.map(({ values }) => values));
    this.name = name;
    this.help = help;
    this.labels = all.map((label) => label.name);
    this.#counts = new Float64Array(series.length);
    this.#texts = series.map((values) => values.map((value, at) => labelText(this.labels[at] ?? '', value)).join());
    this.#places = new Map(series.map((values, place) => [values.join(), place]));
  }

  /** Adds one to the series of these values. */
  increment(...values: Values): void {
    const place = this.#places.get(values.join());
    if (place !== undefined) this.add(1, place);
  }

  /** Adds to the series at a place: that of the first label's value, times the number of the second one's, and so on. */
  add(amount: number, place = 0): void {
    this.#counts[place] = (this.#counts[place] as number) + amount;
  }

  samples(): readonly Sample[] {
    return this.#texts.map((labels, place) => ({ suffix: '', labels, value: this.#counts[place] as number }));
  }
}

function combinations(lists: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return lists.reduce<readonly (readonly string[])[]>(
    (series, values) => series.flatMap((before) => values.map((value) => [...before, value])),
    [[]],
  );
}

/** A value that is read at each scrape. */
export class Reading implements Family {
  readonly kind: 'counter' | 'gauge';
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[];
  readonly #read: () => Read;

  /** `read` returns a number; with a `label`, one for each value of it; undefined where there is nothing to tell. */
  constructor(kind: 'counter' | 'gauge', name: string, help: string, read: () => Read, label?: string) {
    this.kind = kind;
    this.name = name;
    this.help = help;
    this.labels = label === undefined ? [] : [label];
    this.#read = read;
  }

  samples(): readonly Sample[] {
    const read = this.#read();
    if (read === undefined) return [];
    if (typeof read === 'number') return [{ suffix: '', labels: '', value: read }];
    const [label = ''] = this.labels;
    return [...read].map(([text, value]) => ({ suffix: '', labels: labelText(label, text), value }));
  }
}

type Read = number | Iterable<readonly [label: string, value: number]> | undefined;

/** How long things take, counted by upper bounds. */
export class Histogram implements Family {
  readonly kind = 'histogram';
  readonly name: string;
  readonly help: string;
  readonly labels: readonly string[] = [];
  readonly #boundsMs: readonly number[];
  /** The counts between the bounds, the count above the last one, then the sum in milliseconds. */
  readonly #cells: Float64Array;

  /** The bounds are in seconds, ascending; the name ends with `_seconds`. */
  constructor(name: string, help: string, bounds: readonly number[]) {
    this.name = name;
    this.help = help;
    this.#boundsMs = bounds.map((seconds) => seconds * 1_000);
    this.#cells = new Float64Array(bounds.length + 2);
  }

  /** Counts a duration in milliseconds. */
  observeMs(ms: number): void {
    const bounds = this.#boundsMs;
    let place = 0;
    while (place < bounds.length && ms > (bounds[place] as number)) place += 1;
    this.#add(place, 1);
    this.#add(bounds.length + 1, ms);
  }

  samples(): readonly Sample[] {
    let count = 0;
    const buckets = [...this.#boundsMs, Number.POSITIVE_INFINITY].map((boundMs, place) => {
      count += this.#cells[place] as number;
      return { suffix: '_bucket', labels: labelText('le', numberText(boundMs / 1_000)), value: count };
    });
    const sum = (this.#cells.at(-1) as number) / 1_000;
    return [...buckets, { suffix: '_sum', labels: '', value: sum }, { suffix: '_count', labels: '', value: count }];
  }

  #add(place: number, amount: number): void {
    this.#cells[place] = (this.#cells[place] as number) + amount;
  }
}

/** All families of a process. A part that counts something adds its own. */
export class Metrics {
  readonly #families = new Map<string, Family>();

  /** Adds a family and returns it. Throws `ERR_INTERNAL` for a name that is taken or malformed. */
  add<F extends Family>(family: F): F {
    const isName = /^[a-z][a-z0-9_]*$/.test(family.name);
    if (!isName || this.#families.has(family.name))
      throw new PosternError('ERR_INTERNAL', `the metric ${family.name} is malformed, or there is one already`);
    this.#families.set(family.name, family);
    return family;
  }

  families(): readonly Family[] {
    return [...this.#families.values()];
  }

  /** The text for Prometheus. */
  text(): string {
    return this.families().map(familyText).join('');
  }
}

/** The media type of `text()`. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

function familyText(family: Family): string {
  const { name, kind, help } = family;
  const samples = family.samples();
  if (samples.length === 0) return '';
  const lines = samples.map(({ suffix, labels, value }) => {
    const braces = labels === '' ? '' : `{${labels}}`;
    return `${name}${suffix}${braces} ${numberText(value)}\n`;
  });
  return `# HELP ${name} ${help.replace(/[\\\n]/g, escaped)}\n# TYPE ${name} ${kind}\n${lines.join('')}`;
}

function labelText(name: string, value: string): string {
  return `${name}="${value.replace(/[\\"\n]/g, escaped)}"`;
}

function escaped(character: string): string {
  return character === '\n' ? '\\n' : `\\${character}`;
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf';
}
