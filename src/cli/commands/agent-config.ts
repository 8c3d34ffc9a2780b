/** `postern config init|edit|import`, and `config check --agent`: the files in which a developer describes tunnels. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Command } from 'commander';
import { readAgentFile } from '../../config/agent-file.js';
import { ConfigError } from '../../config/config-error.js';
import { importTunnels } from '../../config/import-tunnels.js';
import { printable } from '../../config/text.js';
import { checkTunnelFiles } from '../../config/tunnels-config.js';
import { addToYaml } from '../../config/yaml-file.js';
import { lineDiff } from '../output/line-diff.js';
import { CommandError, systemError } from '../process/exit.js';
import { addConfigFlag } from '../process/flags.js';
import { agentFilePath, PROJECT_FILE, readRequired, readTunnelsSources } from '../process/sources.js';

const FIRST_FILE = `# Tunnels of this folder, for "postern start". Keys are the flags of "postern http --help" with _ for -.
# Quote values that begin with @ or *: YAML reserves both.
tunnels:
  web:
    # The local server: a port, a URL without a path, or unix:/run/app.sock.
    target: 5173
    # Who may open it; without it only you.
    # allow: ["@acme.com", ana@elsewhere.com]
    # Other servers, each for a path and what is below it.
    # mounts: { /api: 8080 }
# Names for several, as in "postern start day".
# groups: { day: [web] }
`;

/** Adds the commands to `config`. */
export function addAgentConfigCommands(config: Command): void {
  config
    .command('init')
    .description(`Write a first ${PROJECT_FILE} into this folder.`)
    .action(() => {
      write(PROJECT_FILE, FIRST_FILE, 'wx');
      process.stdout.write(
        `${PROJECT_FILE} is written: "postern config edit" opens it, "postern start" starts its tunnels.\n`,
      );
    });
  config
    .command('edit')
    .description(
      `Open ${PROJECT_FILE} of this folder, else your own file, in your editor ($VISUAL, $EDITOR), and check it afterwards.`,
    )
    .action(edit);
  const importing = config
    .command('import')
    .description('Show what the tunnels of a file of ngrok, cloudflared or portr are in yours, as a difference.')
    .argument('<file>', 'ngrok.yml, or the config.yml of cloudflared.')
    .option('--write', `Write it; without it nothing changes.`);
  addConfigFlag(importing, `The file that gets them; ${PROJECT_FILE} unless given.`);
  importing.action((file: string, options: { write?: true; config?: string }) => importFile(file, options));
}

/** Checks the developer's own file and that of the folder. Throws `ConfigError` with every problem. */
export function checkAgentFiles(configPath: string | undefined): void {
  const problems: string[] = [];
  for (const { path, tunnels } of checkTunnelFiles(readTunnelsSources({}, configPath), problems))
    process.stdout.write(`${printable(path)}: ${[...tunnels].map(printable).join(', ') || 'no tunnels'}\n`);
  if (problems.length > 0) throw new ConfigError(problems);
  process.stdout.write('ok\n');
}

async function edit(): Promise<void> {
  const path = existsSync(PROJECT_FILE) ? PROJECT_FILE : agentFilePath(undefined);
  if (!existsSync(path)) {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    write(path, FIRST_FILE, 'wx');
  }
  // An editor may have options: "code --wait". No shell reads them.
  const [editor = 'vi', ...args] = (process.env['VISUAL'] || process.env['EDITOR'] || 'vi')
    .split(/\s+/)
    .filter(Boolean);
  const child = spawn(editor, [...args, path], { stdio: 'inherit' });
  const code = await new Promise((resolve, reject) => child.once('exit', resolve).once('error', reject)).catch(
    (error: unknown) => {
      throw new CommandError(`${editor} cannot be started (${systemError(error)?.code}): set EDITOR to your editor.`);
    },
  );
  if (code !== 0) throw new CommandError(`${editor} has failed: the file was not checked.`);
  checkAgentFiles(undefined);
}

function importFile(
  file: string,
  { write: isWritten, config: path = PROJECT_FILE }: { write?: true; config?: string },
): void {
  const problems: string[] = [];
  const { tunnels, notes } = importTunnels(readRequired(file), problems);
  const before = existsSync(path) ? readFileSync(path, 'utf8') : '';
  const existing = readAgentFile({ path, text: before }, problems).tunnels;
  if (problems.length > 0) throw new ConfigError(problems);
  const after = addToYaml(before, 'tunnels', tunnels);
  const difference = lineDiff(before, after);
  for (const name of tunnels.keys())
    if (existing.has(name))
      process.stderr.write(`postern: ${printable(name)} is in ${printable(path)} already: it stays as it is.\n`);
  for (const note of notes) process.stderr.write(`postern: ${printable(note)}\n`);
  if (difference.length === 0) return void process.stdout.write(`${printable(path)} stays as it is.\n`);
  process.stdout.write(`${printable(path)}\n${difference.map(printable).join('\n')}\n`);
  if (isWritten) write(path, after, 'w');
  else process.stderr.write('postern: nothing is written without --write.\n');
}

function write(path: string, text: string, flag: 'w' | 'wx'): void {
  try {
    writeFileSync(path, text, { flag });
  } catch (error) {
    const code = systemError(error)?.code;
    if (code === 'EEXIST') throw new CommandError(`${path} is there already: "postern config edit" opens it.`);
    throw new CommandError(`${path} cannot be written (${code}).`);
  }
}
