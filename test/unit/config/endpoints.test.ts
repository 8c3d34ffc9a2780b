import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { endpoints } from '../../../src/config/endpoints.js';

const read = (text: string) => endpoints.read(text);

describe('the addresses of the front door', () => {
  for (const [text, expected] of [
    ['127.0.0.1:8080', { kind: 'tcp', scheme: 'http', host: '127.0.0.1', port: 8080 }],
    ['localhost:0', { kind: 'tcp', scheme: 'http', host: 'localhost', port: 0 }],
    ['[::1]:80', { kind: 'tcp', scheme: 'http', host: '::1', port: 80 }],
    ['http://0.0.0.0:80', { kind: 'tcp', scheme: 'http', host: '0.0.0.0', port: 80 }],
    ['http://[::]', { kind: 'tcp', scheme: 'http', host: '::', port: 80 }],
    ['http://*', { kind: 'tcp', scheme: 'http', host: '*', port: 80 }],
    ['*:8080', { kind: 'tcp', scheme: 'http', host: '*', port: 8080 }],
    ['unix:/run/postern.sock', { kind: 'unix', scheme: 'http', path: '/run/postern.sock', mode: 0o660 }],
    ['unix:postern.sock?mode=666', { kind: 'unix', scheme: 'http', path: 'postern.sock', mode: 0o666 }],
    ['unix:/run/p.sock?mode=0600', { kind: 'unix', scheme: 'http', path: '/run/p.sock', mode: 0o600 }],
    ['systemd', { kind: 'inherited', scheme: 'http' }],
    ['systemd:web', { kind: 'inherited', scheme: 'http', name: 'web' }],
    ['https://*:443', { kind: 'tcp', scheme: 'https', host: '*', port: 443 }],
    ['https://127.0.0.1', { kind: 'tcp', scheme: 'https', host: '127.0.0.1', port: 443 }],
    ['https+systemd:tls', { kind: 'inherited', scheme: 'https', name: 'tls' }],
    ['fd:3', { kind: 'inherited', scheme: 'http', fd: 3 }],
    ['http+fd:4', { kind: 'inherited', scheme: 'http', fd: 4 }],
  ] as const) {
    it(`may be ${text}`, () => assert.deepEqual(read(text), { value: [{ text, ...expected }], problems: [] }));
  }

  it('are separated by commas, in the order that they are written in', () => {
    const texts = ['http://127.0.0.1:80', 'unix:/run/postern.sock', 'fd:3'];
    assert.deepEqual(
      read(texts.join(', ')).value?.map(({ text }) => text),
      texts,
    );
  });

  for (const text of [
    '8080',
    'http://',
    'http://127.0.0.1:99999',
    'http://127.0.0.1:80/',
    'ftp://127.0.0.1:21',
    'http://a b:80',
    '::1:80',
    '[127.0.0.1]:80',
    'unix:',
    'unix:/run/a.sock?mode=888',
    'unix:/run/a.sock?mode=66',
    'unix:/run/a.sock?umask=000',
    `unix:/${'a'.repeat(103)}`,
    'fd:2',
    'fd:0',
    'fd:x',
    'systemd:',
    'ftp+fd:3',
    '127.0.0.1:80,',
  ]) {
    it(`are not ${text}`, () => assert.equal(read(text).problems.length, 1, JSON.stringify(read(text))));
  }

  it('are each there once; the port that the system chooses is another one each time', () => {
    assert.match(read('127.0.0.1:80,http://127.0.0.1:80').problems.join(), /twice/);
    assert.match(read('unix:/a,unix:/a?mode=600').problems.join(), /twice/);
    assert.deepEqual(read('127.0.0.1:0,127.0.0.1:0').problems, []);
  });
});
