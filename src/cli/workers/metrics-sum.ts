/** The metrics of several workers as those of one edge: their texts for Prometheus, put together series by series. */

type Combine = (one: number, other: number) => number;

const sum: Combine = (one, other) => one + other;

// What is not added up: a time, a property that all have in common, and what is true as soon as one of them says it.
const OTHERS: Readonly<Record<string, Combine>> = {
  postern_build_info: Math.max,
  postern_ready: Math.max,
  postern_nodes: Math.max,
  postern_nodes_unreachable: Math.max,
  postern_store_entries: Math.max,
  postern_store_age_seconds: Math.max,
  postern_audit_writable: Math.min,
  process_start_time_seconds: Math.min,
  postern_tls_not_after_timestamp_seconds: Math.min,
  postern_tls_certificates_failing: Math.max,
};

/** The text of all. Families and series are in the order in which they first appear. */
export function sumMetrics(texts: readonly string[]): string {
  const families = new Map<string, { readonly head: string[]; readonly series: Map<string, number> }>();
  for (const text of texts) {
    let family = '';
    for (const line of text.split('\n')) {
      if (line === '') continue;
      const name = /^# (?:HELP|TYPE) (\S+)/.exec(line)?.[1];
      if (name !== undefined) family = name;
      const known = families.get(family) ?? { head: [], series: new Map<string, number>() };
      families.set(family, known);
      if (name === undefined) add(known.series, line, OTHERS[family] ?? sum);
      else if (!known.head.includes(line)) known.head.push(line);
    }
  }
  const lines = [...families.values()].flatMap(({ head, series }) => [
    ...head,
    ...[...series].map(([name, value]) => `${name} ${numberText(value)}`),
  ]);
  return lines.map((line) => `${line}\n`).join('');
}

function add(series: Map<string, number>, line: string, combine: Combine): void {
  const end = line.lastIndexOf(' ');
  const name = line.slice(0, end);
  const value = Number(line.slice(end + 1).replace('Inf', 'Infinity'));
  const before = series.get(name);
  series.set(name, before === undefined ? value : combine(before, value));
}

function numberText(value: number): string {
  return Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : Number.isNaN(value) ? 'NaN' : '-Inf';
}
