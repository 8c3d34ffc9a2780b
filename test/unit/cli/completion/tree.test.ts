import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LIVE, type Node, readTree } from '../../../../src/cli/completion/tree.js';
import { Argument, Command } from '../../../../src/cli/process/commander.js';
import { createWholeProgram } from '../../../../src/cli/program.js';

describe('readTree', () => {
  it('reads commands, flags and the values of both, and nothing that is hidden', () => {
    const program = new Command('x').helpCommand(true).option('--level <on|off>', 'How. And more.');
    const sub = program.command('sub').description('Does it; or not.');
    sub.addArgument(new Argument('<shell>', 'One.').choices(['a', 'b'])).option('-f, --file <path>', 'A file.');
    sub.option('--public-path <path>', 'No file.');
    program.command('secret', { hidden: true });
    const [top, node, help] = readTree(program);
    assert.deepEqual(
      top?.subcommands.map(({ name }) => name),
      ['sub', 'help'],
    );
    assert.deepEqual(top?.flags[0], {
      name: '--level',
      short: undefined,
      description: 'How',
      values: { kind: 'words', words: ['on', 'off'] },
    });
    assert.deepEqual([node?.path, node?.argument], ['/sub', { kind: 'words', words: ['a', 'b'] }]);
    assert.equal(top?.subcommands[0]?.description, 'Does it');
    assert.deepEqual(
      node?.flags.map(({ name, short, values }) => [name, short, values?.kind]),
      [
        ['--file', '-f', 'files'],
        ['--public-path', undefined, 'unknown'],
        ['--help', '-h', undefined],
      ],
    );
    assert.deepEqual(help?.argument, { kind: 'words', words: ['sub'] });
  });

  it('finds each of its live names in the program', async () => {
    const tree = readTree(await createWholeProgram());
    const kinds = new Set(tree.flatMap(liveKinds));
    assert.deepEqual([...kinds].sort(), [...new Set(Object.values(LIVE))].sort());
    const argumentOf = (path: string) => tree.find((node) => node.path === path)?.argument;
    assert.deepEqual(argumentOf('/service/remove'), { kind: 'live', of: 'services' }, 'not the tunnels of the file');
    assert.deepEqual(argumentOf('/doctor'), { kind: 'live', of: 'described' });
  });
});

function liveKinds({ flags, argument }: Node): string[] {
  return [argument, ...flags.map(({ values }) => values)].flatMap((values) =>
    values?.kind === 'live' ? [values.of] : [],
  );
}
