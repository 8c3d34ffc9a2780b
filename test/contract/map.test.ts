/** CONTRIBUTING.md is the map of the sources: each room and wing of `rooms.ts` has its line, and each path in it exists. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { PROJECT_ROOT } from '../support/project-root.js';
import { ROOMS } from '../support/rooms.js';

const text = readFileSync(join(PROJECT_ROOT, 'CONTRIBUTING.md'), 'utf8');

// The commands of package.json that a person runs by hand.
const { scripts } = JSON.parse(readFileSync(join(PROJECT_ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};

describe('CONTRIBUTING.md', () => {
  test('has one line for each room and wing, and no other', () => {
    const lines = Object.entries(ROOMS).flatMap(([room, { wings = {} }]) => [
      room,
      ...Object.keys(wings).map((wing) => `${room}/${wing}`),
    ]);
    assert.deepEqual(roomsOfTree(text).sort(), lines.sort());
  });

  test('names fourteen tasks, and where to go for each', () => {
    const tasks = text.match(/^\| [^|]+ \| .*`(?:src|docs)\/.*\|$/gm) ?? [];
    assert.equal(tasks.length, 14);
  });

  test('names paths that exist', () => {
    const paths = [...text.matchAll(/(?:`| )((?:src|test|docs|config)\/[\w./-]*)/g)].map(([, path = '']) => path);
    assert.ok(paths.length > 30, `${paths.length} paths`);
    assert.deepEqual(
      paths.filter((path) => !existsSync(join(PROJECT_ROOT, path))),
      [],
    );
  });

  test('names commands that exist', () => {
    const names = [...text.matchAll(/npm run (?:--silent )?([\w:]+)/g)].map(([, name = '']) => name);
    assert.ok(names.length > 8, `${names}`);
    assert.deepEqual(
      names.filter((name) => !Object.hasOwn(scripts, name)),
      [],
    );
  });
});

/** The names in the tree below `src/`: a room is indented by two spaces, a wing by four. */
function roomsOfTree(page: string): string[] {
  const [, tree = ''] = /^src\/\n(.*?)^```$/ms.exec(page) ?? [];
  let room = '';
  return tree
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, indent = '', name = ''] = /^( {2}| {4})([\w.-]+)\/? +\S/.exec(line) ?? [];
      assert.notEqual(name, '', `not a line of the tree: ${line}`);
      if (indent.length === 4) return `${room}/${name}`;
      room = name;
      return name;
    });
}
