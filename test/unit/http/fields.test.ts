import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  fieldValue,
  filterFields,
  forEachField,
  headerValue,
  headerValues,
  mapNames,
} from '../../../src/http/fields.js';

const LIST = ['Host', 'a', 'X-B', '1', 'x-b', '2', 'C', ''];

describe('a flat field list', () => {
  it('is visited in order', () => {
    const seen: string[] = [];
    forEachField(LIST, (name, value) => seen.push(`${name}=${value}`));
    assert.deepEqual(seen, ['Host=a', 'X-B=1', 'x-b=2', 'C=']);
  });

  it('is filtered by name and value, in order', () => {
    assert.deepEqual(
      filterFields(LIST, (name, value) => name !== 'Host' && value !== '2'),
      ['X-B', '1', 'C', ''],
    );
  });

  it('keeps its values under other names', () => {
    assert.deepEqual(
      mapNames(LIST, (name) => name.toUpperCase()),
      ['HOST', 'a', 'X-B', '1', 'X-B', '2', 'C', ''],
    );
  });

  it('gives the first value and all values of a name in any case', () => {
    assert.deepEqual([headerValue(LIST, 'x-b'), headerValues(LIST, 'x-b')], ['1', ['1', '2']]);
    assert.deepEqual([headerValue(LIST, 'd'), headerValues(LIST, 'd')], [undefined, []]);
  });

  it('gives an empty value as one', () => {
    assert.deepEqual([headerValue(LIST, 'c'), headerValues(LIST, 'c')], ['', ['']]);
  });

  it('is compared as it is where names are lower-case', () => {
    assert.deepEqual([fieldValue(LIST, 'x-b'), fieldValue(LIST, 'host')], ['2', undefined]);
  });

  it('is read up to its last whole field', () => {
    const odd = ['a', '1', 'b'];
    const seen: string[] = [];
    forEachField(odd, (name) => seen.push(name));
    assert.deepEqual([seen, filterFields(odd, () => true), headerValue(odd, 'b')], [['a'], ['a', '1'], undefined]);
  });
});
