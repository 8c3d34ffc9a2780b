import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { lineDiff } from '../../../src/cli/output/line-diff.js';
import { type Imported, importTunnels } from '../../../src/config/import-tunnels.js';
import { addToYaml } from '../../../src/config/yaml-file.js';

function read(text: string): Imported & { readonly problems: readonly string[] } {
  const problems: string[] = [];
  const { tunnels, notes } = importTunnels({ path: 'old.yml', text }, problems);
  return { tunnels, notes, problems };
}

const asObject = ({ tunnels }: Imported) => Object.fromEntries(tunnels);

function assertNotes({ notes }: Imported, ...expected: readonly string[]): void {
  assert.equal(notes.length, expected.length, notes.join('\n'));
  for (const [at, text] of expected.entries()) assert.ok(notes[at]?.includes(text), `${text}: ${notes[at]}`);
}

describe('importTunnels', () => {
  it('reads ngrok’s version 2', () => {
    const imported = read(`
version: "2"
authtoken: secret
tunnels:
  web:
    proto: http
    addr: 8080
    domain: shop.ngrok.app
    host_header: rewrite
    oauth: { provider: google, allow_domains: [acme.com], allow_emails: [a@b.com] }
    basic_auth: ["user:hunter22"]
  api: { proto: http, addr: https://localhost:8443, host_header: api.test }
  ssh: { proto: tcp, addr: 22 }
  file: { proto: http, addr: file:///srv }
`);
    assert.deepEqual(asObject(imported), {
      shop: { target: '8080', allow: ['@acme.com', 'a@b.com'] },
      api: { target: 'https://localhost:8443', host_header: 'api.test' },
    });
    assertNotes(
      imported,
      'authtoken (old.yml:3:1)',
      'tunnels.web.basic_auth (old.yml:11:5) is not carried over: visitors sign in instead',
      'tunnels.ssh.proto',
      '"file:///srv" is not one server',
    );
    assert.doesNotMatch(imported.notes.join('\n'), /hunter22|: secret/);
  });

  it('reads portr’s list of tunnels', () => {
    const imported = read(`
server_url: go.portr.dev
ssh_url: go.portr.dev:2222
secret_key: s3cret
tunnels:
  - name: app
    subdomain: amal-app
    port: 4321
  - { name: api, subdomain: api, port: 8000, host: backend, auth: "u:hunter22" }
  - { name: pg, subdomain: pg, port: 5432, type: tcp }
  - { name: nothing, subdomain: nothing }
`);
    assert.deepEqual(asObject(imported), {
      'amal-app': { target: '4321' },
      api: { target: 'http://backend:8000' },
    });
    assertNotes(
      imported,
      'server_url (old.yml:2:1)',
      'ssh_url',
      'secret_key',
      'tunnels[1].auth (old.yml) is not carried over: visitors sign in instead',
      'tunnels[2].type',
      'tunnels[3]: "" is not one server',
    );
    assert.doesNotMatch(imported.notes.join('\n'), /hunter22|s3cret/);
  });

  it('reads ngrok’s version 3', () => {
    const imported = read(`
version: 3
agent: { authtoken: secret, web_addr: 127.0.0.1:4040 }
endpoints:
  - name: shop
    url: https://shop-1.ngrok.app
    upstream: { url: 8080, protocol: http2 }
    traffic_policy: { on_http_request: [] }
  - name: far
    upstream: { url: example.org }
`);
    assert.deepEqual(asObject(imported), { 'shop-1': { target: '8080' } });
    assertNotes(
      imported,
      'agent.authtoken',
      'agent.web_addr',
      'upstream.protocol',
      'traffic_policy',
      '"example.org" is not one server',
    );
  });

  it('reads cloudflared: a tunnel for each host, and plain paths as mounts', () => {
    const imported = read(`
tunnel: 6ff42ae2
credentials-file: /root/.cloudflared/6ff.json
originRequest: { connectTimeout: 30s }
ingress:
  - hostname: app.acme.com
    path: ^/api/.*
    service: http://localhost:8080
  - hostname: app.acme.com
    path: "\\\\.(jpg|png)$"
    service: http://localhost:9000
  - hostname: app.acme.com
    service: http://localhost:3000
    originRequest: { noTLSVerify: true, httpHostHeader: app.test }
  - hostname: only.acme.com
    path: /hooks
    service: http://localhost:4000
  - hostname: ssh.acme.com
    service: ssh://localhost:22
  - service: http_status:404
`);
    assert.deepEqual(asObject(imported), {
      app: {
        target: 'http://localhost:3000',
        mounts: { '/api': 'http://localhost:8080' },
        target_insecure: 'true',
        host_header: 'app.test',
      },
      only: { target: 'http://localhost:4000', mounts: { '/hooks': 'http://localhost:4000' } },
    });
    assertNotes(
      imported,
      'tunnel (',
      'credentials-file',
      'connectTimeout',
      'connectTimeout',
      'ingress[1].path',
      'connectTimeout',
      'connectTimeout',
      'connectTimeout',
      'ssh://localhost:22',
      'only: it had a server for some paths only',
    );
  });

  it('says that a file is neither', () => assert.match(read('a: 1').problems[0] ?? '', /has no tunnels/));
});

describe('addToYaml', () => {
  it('keeps comments and what is there, and makes the difference visible', () => {
    const before = '# mine\nedge: https://a.test # here\ntunnels:\n  web: { target: 1 } # old\n';
    const after = addToYaml(
      before,
      'tunnels',
      new Map([
        ['web', { target: '2' }],
        ['shop', { target: '8080', allow: ['@acme.com'] }],
      ]),
    );
    assert.deepEqual(lineDiff(before, after), [
      '  edge: https://a.test # here',
      '  tunnels:',
      '    web: { target: 1 } # old',
      '+   shop:',
      '+     target: 8080',
      '+     allow:',
      '+       - "@acme.com"',
    ]);
    assert.deepEqual(lineDiff(after, after), []);
    assert.equal(addToYaml(before, 'tunnels', new Map([['web', { target: '2' }]])), before);
    assert.match(
      addToYaml('', 'tunnels', new Map([['web', { target: '2' }]])),
      /^tunnels:\n {2}web:\n {4}target: 2\n$/,
    );
  });

  it('leaves the style of what is there as it is, wherever its lines end', () => {
    const entries = new Map([['b', { target: '8080', allow: ['@acme.com'] }]]);
    const added = '    b:\n      target: 8080\n      allow:\n        - "@acme.com"\n';
    const tunnels = 'tunnels:\n    a:\n        target:   1\n        allow: ["@x.com","@y.com"]';
    assert.equal(addToYaml(tunnels, 'tunnels', entries), `${tunnels}\n${added}`);
    const groups = '\n# all\ngroups: { day: [a] }\n';
    assert.equal(addToYaml(`${tunnels}\n${groups}`, 'tunnels', entries), `${tunnels}\n${added}${groups}`);
    assert.match(addToYaml('tunnels: {a: {target: 1}}', 'tunnels', entries), /b/);
  });
});
