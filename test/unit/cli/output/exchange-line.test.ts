import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exchangeLines } from '../../../../src/cli/output/exchange-line.js';
import { exchangeRow } from '../../agent/inspector/exchange-row.js';

describe('the line of an exchange', () => {
  test('begins with its tunnel where several run or have run, and all of them are shown', () => {
    const [web, api] = [exchangeRow({ tunnel: 'web' }), exchangeRow({ tunnel: 'api' })];
    const tunnels = [{ name: 'web' }];
    const cases: [given: Parameters<typeof exchangeLines>, isNamed: boolean][] = [
      [[{ tunnels, term: '' }], false],
      [[{ tunnels, term: '' }, [web, web]], false],
      [[{ tunnels, term: '' }, [web, api]], true],
      [[{ tunnels: [...tunnels, { name: 'api' }], term: '' }, []], true],
      [[{ tunnels: [], term: '' }, [web, api]], true],
      [[{ tunnels, term: 'tunnel:api' }, [api]], false],
    ];
    for (const [given, isNamed] of cases)
      assert.equal(exchangeLines(...given)(api).startsWith('api  '), isNamed, JSON.stringify(given));
  });

  test('has the status that the agent’s terminal shows when the visitor left before the response', () => {
    const line = exchangeLines({ tunnels: [], term: '' })(exchangeRow({ status: null, state: 'aborted' }));
    assert.match(line, /^[\d:]{8} {2}499 .* broken off$/);
  });
});
