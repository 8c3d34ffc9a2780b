/** Whether lines that a dev server prints are coloured: by the rules of its own library for that (`picocolors`), so that ours agree. */
type Env = Readonly<Record<string, string | undefined>>;

export function hasColours(
  env: Env = process.env,
  argv: readonly string[] = process.argv,
  isTerminal = process.stdout.isTTY,
): boolean {
  if (env['NO_COLOR'] || argv.includes('--no-color')) return false;
  if (env['FORCE_COLOR'] || argv.includes('--color') || process.platform === 'win32' || env['CI']) return true;
  return isTerminal && env['TERM'] !== 'dumb';
}
