/**
 * docs/metrics.md and the files of deploy/ are held to the code: each family has its row, each metric and label value that
 * dashboard and alert rules name exists, and `promtool` has nothing to say.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import type { Metrics } from '../../src/core/metrics.js';
import { edgeMetrics } from '../support/edge-metrics.js';
import { PROJECT_ROOT } from '../support/project-root.js';
import { promtool, promtoolMissing } from '../support/promtool.js';

const read = (...path: string[]) => readFileSync(join(PROJECT_ROOT, ...path), 'utf8');

describe('docs/metrics.md', () => {
  test('has one row for each family, in order, with its kind, labels and meaning', (t) => {
    const rows = [...read('docs', 'metrics.md').matchAll(/^\| `([a-z0-9_]+)` \| (\w+) \| (.*?) \| (.*) \|$/gm)];
    assert.deepEqual(
      rows.map(([, name, kind, labels, help]) => ({ name, kind, labels, help })),
      edgeMetrics(t)
        .families()
        .map(({ name, kind, labels, help }) => ({
          name,
          kind,
          labels: labels.map((label) => `\`${label}\``).join(', '),
          help,
        })),
    );
  });
});

describe('the metrics', () => {
  test('have a unit at the end of their names, and counters a total', (t) => {
    for (const { name, kind } of edgeMetrics(t).families()) {
      assert.equal(name.endsWith('_total'), kind === 'counter', name);
      if (kind === 'histogram') assert.match(name, /_seconds$/);
    }
  });

  test('are as promtool wants them', { skip: promtoolMissing() }, (t) => {
    assert.deepEqual(promtool(['check', 'metrics'], { input: edgeMetrics(t).text() }), { status: 0, output: '' });
  });
});

describe('the alert rules', () => {
  const folder = join(PROJECT_ROOT, 'deploy', 'prometheus');
  const { groups } = parse(read('deploy', 'prometheus', 'alerts.yaml')) as { groups: { rules: Rule[] }[] };
  const rules = groups.flatMap((group) => group.rules);

  test('were found', () => assert.ok(rules.length > 10, `${rules.length} rules`));

  for (const { alert, expr, labels, annotations } of rules) {
    test(`name metrics that exist: ${alert}`, (t) => {
      assertExists(expr, edgeMetrics(t));
      assert.match(labels.severity, /^(?:warning|critical)$/);
      assert.ok(annotations.summary && annotations.description);
    });
  }

  test('are as promtool wants them', { skip: promtoolMissing() }, () => {
    const { status, output } = promtool(['check', 'rules', 'alerts.yaml'], { cwd: folder });
    assert.equal(status, 0, output);
  });

  test('raise what their tests expect', { skip: promtoolMissing() }, () => {
    const { status, output } = promtool(['test', 'rules', 'alerts-test.yaml'], { cwd: folder });
    assert.equal(status, 0, output);
  });

  test('have a paragraph each in docs/scale.md that says what to do', () => {
    const paragraphs = [...read('docs', 'scale.md').matchAll(/^### (Postern\w+)\n(?=.{80})/gm)];
    assert.deepEqual(
      paragraphs.map(([, alert]) => alert),
      rules.map(({ alert }) => alert),
    );
  });

  test('are each expected to be raised once, and once not', () => {
    const { tests } = parse(read('deploy', 'prometheus', 'alerts-test.yaml')) as { tests: RuleTest[] };
    const names = rules.map(({ alert }) => alert);
    for (const isRaised of [false, true]) {
      const tried = tests.flatMap(({ alert_rule_test: cases }) =>
        cases.filter((one) => (one.exp_alerts !== undefined) === isRaised).map(({ alertname }) => alertname),
      );
      assert.deepEqual(tried, names);
    }
  });
});

describe('the dashboard', () => {
  const { panels, templating } = JSON.parse(read('deploy', 'grafana', 'postern.json')) as Dashboard;
  const expressions = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr })));

  for (const { title, expr } of expressions) {
    test(`names metrics that exist: ${title}, ${expr}`, (t) => assertExists(expr, edgeMetrics(t)));
  }

  test('shows every metric of the edge', (t) => {
    const shown = expressions.map(({ expr }) => expr).join('\n');
    const hidden = edgeMetrics(t)
      .families()
      .filter(({ name }) => name.startsWith('postern_') && !shown.includes(name));
    assert.deepEqual(
      hidden.map(({ name }) => name),
      [],
    );
  });

  test('has panels with ids of their own that do not overlap, and variables that it uses', () => {
    const ids = panels.map(({ id }) => id);
    assert.equal(new Set(ids).size, ids.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, at) => `${x + (at % w)} ${y + Math.trunc(at / w)}`),
    );
    assert.equal(new Set(cells).size, cells.length);
    const text = JSON.stringify(panels);
    for (const { name } of templating.list) assert.ok(text.includes(`$${name}`) || text.includes(`\${${name}}`), name);
  });
});

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}

interface RuleTest {
  readonly alert_rule_test: readonly { readonly alertname: string; readonly exp_alerts?: unknown }[];
}

interface Dashboard {
  readonly panels: readonly {
    readonly id: number;
    readonly title: string;
    readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
    readonly targets?: readonly { readonly expr: string }[];
  }[];
  readonly templating: { readonly list: readonly { readonly name: string }[] };
}

/** Each metric of an expression exists, and so does each value that it compares one of our labels with. */
function assertExists(expr: string, metrics: Metrics): void {
  const text = metrics.text();
  const names = new Set(metrics.families().flatMap(({ name }) => [name, ...suffixesOf(name, text)]));
  const found = expr.match(/\b(?:postern|process|nodejs)_[a-z0-9_]+/g) ?? [];
  assert.ok(found.length > 0 || /\bup\{/.test(expr), expr);
  for (const name of found) assert.ok(names.has(name), `${name} does not exist: ${expr}`);
  for (const [, label = '', values = ''] of expr.matchAll(/\b(code|outcome|status|decision|by|budget)[=!]~?"([^"]*)"/g))
    for (const value of values.split('|'))
      assert.ok(text.includes(`${label}="${value}"`), `${label}="${value}": ${expr}`);
}

function suffixesOf(name: string, text: string): string[] {
  return text.includes(`# TYPE ${name} histogram`) ? [`${name}_bucket`, `${name}_sum`, `${name}_count`] : [];
}
