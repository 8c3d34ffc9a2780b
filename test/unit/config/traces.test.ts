/** The options of traces: a collector, its headers, and a share. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ConfigError } from '../../../src/config/config-error.js';
import { loadEdgeConfig } from '../../../src/config/edge-config.js';

const SECRETS = {
  POSTERN_SECRET: 'secret k of thirty-two bytes or more',
  POSTERN_OIDC_CLIENT_ID: 'postern',
  POSTERN_OIDC_CLIENT_SECRET: 'hush',
};
const ENDPOINT = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector.internal:4318' };
const load = (env: Readonly<Record<string, string>>) => loadEdgeConfig({ env: { ...SECRETS, ...env }, flags: {} });

describe('the options of traces', () => {
  it('are off without a collector', () => {
    assert.equal(load({ OTEL_TRACES_SAMPLER_ARG: '0.5', OTEL_SERVICE_NAME: 'of others' }).traces, undefined);
  });

  it('are a collector, all requests and no headers by default', () => {
    const endpoint = ENDPOINT.OTEL_EXPORTER_OTLP_ENDPOINT;
    assert.deepEqual(load(ENDPOINT).traces, { endpoint, headers: {}, ratio: 1 });
  });

  it('have headers with encoded values', () => {
    const env = { ...ENDPOINT, OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20a=b, x-team = blue,empty=' };
    assert.throws(() => load(env), /expected name=value/); // no blank in front of the equals sign
    const fine = { ...env, OTEL_EXPORTER_OTLP_HEADERS: 'Authorization=Bearer%20a=b, x-team=blue ,empty=' };
    assert.deepEqual(load(fine).traces?.headers, { authorization: 'Bearer a=b', 'x-team': 'blue', empty: '' });
  });

  for (const text of ['0', '1', '0.05', '1.0', '.5']) {
    it(`have a share of ${text}`, () => {
      assert.equal(load({ ...ENDPOINT, OTEL_TRACES_SAMPLER_ARG: text }).traces?.ratio, Number(text));
    });
  }

  for (const [name, text] of [
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4317'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'grpc://collector:4317'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://user:pass@collector:4318'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://collector:4318/v1/traces'],
    ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://collector:4318/?a=b'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'no-value'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=b,'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=%0d%0ab'],
    ['OTEL_EXPORTER_OTLP_HEADERS', 'a=%zz'],
    ['OTEL_TRACES_SAMPLER_ARG', '1.5'],
    ['OTEL_TRACES_SAMPLER_ARG', '-1'],
    ['OTEL_TRACES_SAMPLER_ARG', 'half'],
  ] as const) {
    it(`refuse ${name}=${text} in one sentence that names it`, () => {
      assert.throws(
        () => load({ ...ENDPOINT, [name]: text }),
        (error) => {
          assert.ok(error instanceof ConfigError);
          assert.equal(error.problems.length, 1);
          assert.match(error.problems[0] ?? '', new RegExp(`^${name}: .*expected`));
          return true;
        },
      );
    });
  }
});
