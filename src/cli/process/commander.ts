/** `commander`, loaded by `require` for the reason that `link/ws.ts` gives: every command waits for it. */
import { createRequire } from 'node:module';

export const { Argument, Command, CommanderError, Option } = createRequire(import.meta.url)(
  'commander',
) as typeof import('commander');
