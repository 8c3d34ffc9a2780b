/** `postern logout`: ends the sign-in of this machine at an edge, and removes its credentials. */
import type { Command } from 'commander';
import { printable } from '../../config/text.js';
import { Credentials } from '../process/credentials.js';
import { CommandError, EXIT } from '../process/exit.js';
import { OAuthClient } from '../process/oauth-client.js';
import { readEdge } from './login.js';

/** Adds the command to the program. */
export function addLogoutCommand(program: Command): void {
  const command = program
    .command('logout')
    .description('End the sign-in of this machine at an edge: its tokens and their tunnels end with it.')
    .argument('[edge]', 'The URL of the edge; without it that of the last "postern login".');
  command.action((edge: string | undefined) => signOut(edge === undefined ? undefined : readEdge(edge)));
}

async function signOut(given: string | undefined): Promise<void> {
  const credentials = new Credentials();
  const edge = given ?? credentials.lastEdge();
  if (edge === undefined) throw new CommandError('this machine is signed in nowhere.', EXIT.failure);
  const credential = await credentials.locked(async () => {
    const found = credentials.find(edge);
    if (found !== undefined) credentials.remove(edge);
    return found;
  });
  if (credential === undefined) throw new CommandError(`this machine is not signed in at ${edge}.`, EXIT.failure);
  try {
    await (await OAuthClient.open(edge)).revoke(credential);
  } catch (error) {
    const sentence = `the credentials are removed, but ${edge} could not end the sign-in: it ends there by itself when it was not used for ninety days.`;
    throw new CommandError(sentence, EXIT.failure, { cause: error });
  }
  process.stdout.write(
    `${printable(`Signed out at ${edge}; ${credential.owner} is no longer signed in on this machine.`)}\n`,
  );
}
