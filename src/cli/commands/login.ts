/** `postern login`: signs a person in at an edge, in the browser or with a code, once for all agents of this machine. */
import type { Command } from 'commander';
import { AGENT_OPTIONS } from '../../config/agent-options.js';
import { ConfigError } from '../../config/config-error.js';
import { readValue } from '../../config/resolve.js';
import { printable, quoted } from '../../config/text.js';
import { hasBrowser, openBrowser } from '../process/browser.js';
import { type Credential, Credentials } from '../process/credentials.js';
import { CommandError, EXIT } from '../process/exit.js';
import { listenOnLoopback } from '../process/loopback.js';
import { OAuthClient, SignInRefused } from '../process/oauth-client.js';

/** Adds the command to the program. */
export function addLoginCommand(program: Command): void {
  const command = program
    .command('login')
    .description('Sign in at an edge; from then on "postern 5173" needs no token on this machine.')
    .argument('<edge>', 'The URL of the edge, such as https://tunnel.acme.com.')
    .option('--no-browser', 'Print an address and a code for any other device instead of opening a browser.');
  command.action((edge: string, { browser }: { browser: boolean }) => signIn(readEdge(edge), browser && hasBrowser()));
}

/** The origin of an edge, from an argument. Throws `ConfigError`. */
export function readEdge(text: string): string {
  const problems: string[] = [];
  const edge = readValue(AGENT_OPTIONS.edge, { text, origin: '<edge>' }, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  return edge as string; // without problems it was read
}

async function signIn(edge: string, isInBrowser: boolean): Promise<void> {
  const credentials = new Credentials();
  const former = credentials.find(edge); // before the person is bothered: the file may be faulty
  const client = await OAuthClient.open(edge);
  const credential = await (isInBrowser ? inBrowser(client) : onDevice(client)).catch((error: unknown) => {
    if (!(error instanceof SignInRefused)) throw error;
    throw new CommandError(`not signed in: ${error.message}`, EXIT.refused, { cause: error });
  });
  await credentials.locked(async () => credentials.write(edge, credential, true));
  // The edge would keep it for ninety days; if it cannot be reached now, it does.
  if (former !== undefined) await client.revoke(former).catch(() => undefined);
  sayWho(edge, credential, credentials.path);
  process.exit(EXIT.ok); // the program that was asked to open the browser may still run
}

async function inBrowser(client: OAuthClient): Promise<Credential> {
  const loopback = await listenOnLoopback();
  const attempt = await client.startInBrowser(loopback.redirectUri);
  say('Sign in with your browser. If it does not open, open this address on this machine:');
  say(`  ${attempt.url}`);
  const taken = loopback.take(attempt);
  await openBrowser(attempt.url);
  return taken;
}

async function onDevice(client: OAuthClient): Promise<Credential> {
  const device = await client.startOnDevice();
  const {
    verification_uri: address,
    verification_uri_complete: complete,
    user_code: code,
    expires_in: seconds,
  } = device;
  say(`Open ${address} on any device and enter the code ${code}`);
  if (complete !== undefined) say(`  ${complete}`);
  say(`The code is valid for ${Math.round(seconds / 60)} minutes.`);
  return client.finishOnDevice(device);
}

function sayWho(edge: string, { owner, expiresAtMs }: Credential, path: string): void {
  const until = new Date(expiresAtMs).toISOString().slice(0, 16).replace('T', ' ');
  say(`Signed in at ${edge} as ${owner}, until ${until} UTC; agents renew it by themselves.`);
  say(`The credentials are in ${quoted(path)}.`);
}

function say(text: string): void {
  process.stdout.write(`${printable(text)}\n`);
}
