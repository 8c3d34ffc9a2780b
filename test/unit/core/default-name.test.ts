import assert from 'node:assert/strict';
import { it } from 'node:test';
import fc from 'fast-check';
import { defaultName } from '../../../src/core/default-name.js';
import { isTunnelName } from '../../../src/core/hostname.js';

const ANA = 'ana@acme.com';
const NAMES: readonly (readonly [project: string, owner: string, name: string | undefined])[] = [
  ['shop', ANA, 'shop-ana'],
  ['@acme/shop', ANA, 'shop-ana'],
  ['Shop', ANA, 'shop-ana'],
  ['my_app.v2', ANA, 'my-app-v2-ana'],
  ['  My  App  ', ANA, 'my-app-ana'],
  ['.hidden', ANA, 'hidden-ana'],
  ['--x--', ANA, 'x-ana'],
  ['xn--caf-dma', ANA, 'xn-caf-dma-ana'],
  ['Café Ünïcode', ANA, 'cafe-unicode-ana'],
  ['ＦＵＬＬ', ANA, 'full-ana'],
  ['店', ANA, 'ana'],
  ['', ANA, 'ana'],
  ['/', ANA, 'ana'],
  ['@', ANA, 'ana'],
  ['@acme/', ANA, 'ana'],
  ['shop; rm -rf ~', ANA, 'shop-rm-rf-ana'],
  ['shop\n\u202egnp', ANA, 'shop-gnp-ana'],
  ['shop', 'ana.miller+test@acme.com', 'shop-ana-miller-test'],
  ['shop', "o'neil@acme.com", 'shop-o-neil'],
  ['shop', '张@acme.com', 'shop'],
  ['店', '张@acme.com', undefined],
  ['www', '张@acme.com', undefined],
  ['www', ANA, 'www-ana'],
  ['', 'admin@acme.com', undefined],
  ['x'.repeat(200), ANA, `${'x'.repeat(59)}-ana`],
  [`${'x'.repeat(58)} y`, ANA, `${'x'.repeat(58)}-ana`],
  ['shop', `${'p'.repeat(64)}@acme.com`, `shop-${'p'.repeat(24)}`],
  ['shop', '', 'shop'],
];

for (const [project, owner, name] of NAMES) {
  it(`makes ${name} of ${JSON.stringify(project.slice(0, 30))} and ${owner.slice(0, 30)}`, () => {
    assert.equal(defaultName(project, owner), name);
  });
}

it('makes a name of a tunnel of whatever there is, or none', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (project, owner) => {
      const name = defaultName(project, owner);
      assert.ok(name === undefined || (isTunnelName(name) && !name.includes('--')), name);
    }),
  );
});
