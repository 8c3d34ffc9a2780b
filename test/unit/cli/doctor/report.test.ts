import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createReport } from '../../../../src/cli/doctor/report.js';

function reportTo(lines: string[], isJson = false) {
  return createReport({ write: (line) => lines.push(line), isJson, isColoured: false });
}

describe('a report', () => {
  it('has a line for each check, what to do below it, and a sum', () => {
    const lines: string[] = [];
    const report = reportTo(lines);
    report.add('dns', { result: 'ok', text: 'it is there' });
    report.add('token', { result: 'failure', text: 'there is none', fix: 'postern login https://x.test' });
    report.add('name', { result: 'skipped', text: 'it needs token, which failed' });
    assert.equal(report.end(), false);
    assert.deepEqual(lines, [
      'ok       dns          it is there',
      'failure  token        there is none',
      '                      → postern login https://x.test',
      'skipped  name         it needs token, which failed',
      '\n1 failure, no warnings.',
    ]);
  });

  it('has one line for all that one failure makes senseless', () => {
    const lines: string[] = [];
    const report = reportTo(lines);
    report.add('connection', { result: 'failure', text: 'no' });
    report.add('certificate', { result: 'skipped', text: 'x' });
    report.add('edge', { result: 'skipped', text: 'y' });
    report.add('target', { result: 'ok', text: 'well' });
    assert.deepEqual(lines, [
      'failure  connection   no',
      'skipped  certificate, edge: they need what has failed before them',
      'ok       target       well',
    ]);
  });

  it('is well with warnings, and says how many', () => {
    const lines: string[] = [];
    const report = reportTo(lines);
    report.add('clock', { result: 'warning', text: 'late' });
    assert.equal(report.end(), true);
    assert.equal(lines.at(-1), '\nNothing has failed; 1 warning.');
  });

  it('lets no text from outside change the terminal', () => {
    const hostile = 'a\u001b]52;c;aGk=\u0007b\nc\u202ed';
    for (const isJson of [false, true]) {
      const lines: string[] = [];
      reportTo(lines, isJson).add('name', { result: 'failure', text: hostile, fix: hostile });
      for (const line of lines) assert.doesNotMatch(line, /[\u0000-\u001f]/);
    }
  });

  it('as JSON is an object for each check and nothing else', () => {
    const lines: string[] = [];
    const report = reportTo(lines, true);
    report.add('dns', { result: 'ok', text: 'x' });
    report.add('token', { result: 'failure', text: 'y', fix: 'z' });
    report.end();
    assert.deepEqual(
      lines.map((line) => JSON.parse(line)),
      [
        { check: 'dns', result: 'ok', text: 'x' },
        { check: 'token', result: 'failure', text: 'y', fix: 'z' },
      ],
    );
  });
});
