/** Carries attacks to a live edge: raw bytes on a socket, and agents whose links say what no agent would. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { WebSocket } from 'ws';
import type { LinkAttack } from './links.js';
import { type Attack, bendBytes } from './requests.js';

/** What stands for the placeholders of an attack. */
export interface Places {
  readonly port: number;
  readonly tunnel: string;
  readonly base: string;
  /** `Cookie` line of the hostile visitor who is signed in. */
  readonly cookie: string;
}

// An answer that has not come by then is not waited for: hanging is no crime, a canary that hangs is.
const MAX_WAIT_MS = 300;

/** Writes an attack and gives the status of the first answer, or why there was none. */
export async function sendAttack(attack: Attack, mark: string, places: Places): Promise<string> {
  const socket = connect(places.port, '127.0.0.1');
  let heard = '';
  const ended = new Promise<void>((resolve) => {
    socket.on('error', () => resolve()).on('close', () => resolve()); // being hung up on is what attacks are for
    socket.on('data', (bytes: Buffer) => {
      if (heard.length < 20) heard += bytes.toString('latin1', 0, 20);
    });
  });
  const late = setTimeout(() => socket.destroy(), MAX_WAIT_MS);
  await write(socket, attack, fill(attack, mark, places));
  if (attack.end === 'reset') socket.resetAndDestroy();
  if (attack.end === 'half-close') socket.end();
  await ended;
  clearTimeout(late);
  return /^HTTP\/1\.1 (\d{3})/.exec(heard)?.[1] ?? (heard === '' ? 'silence' : 'no HTTP');
}

/** Opens a link and says the words, one at each message of the edge; `busy` asks its tunnel meanwhile. */
export async function sendLink(
  { offer, words }: LinkAttack,
  { places, name, token }: { readonly places: Places; readonly name: string; readonly token: string },
  busy: () => Promise<unknown>,
): Promise<string> {
  const link = new WebSocket(`ws://127.0.0.1:${places.port}/.postern/link`, ['postern.h2'], {
    headers: {
      host: places.base,
      authorization: `Bearer ${token}`,
      'postern-tunnel': name,
      'postern-allow': '@acme.com',
      'postern-agent': `fuzz-${name}-0123456789`,
      ...offer,
    },
  });
  const left = [...words];
  const say = () => {
    const word = left.shift();
    if (word !== undefined && link.readyState === link.OPEN) link.send(word);
  };
  link.on('error', () => {}); // refused, or cut: 'close' follows
  link.on('message', say);
  const opened = await Promise.race([once(link, 'open').then(() => true), once(link, 'close').then(() => false)]).catch(
    () => false,
  );
  if (!opened) return 'refused';
  say();
  const talk = setInterval(say, 20); // an edge that has nothing more to say is told all the same
  await busy();
  clearInterval(talk);
  const outcome = link.readyState === link.OPEN ? 'kept' : 'ended';
  link.terminate();
  return outcome;
}

async function write(socket: Socket, { pieces }: Attack, bytes: Buffer): Promise<void> {
  const size = Math.ceil(bytes.length / pieces) || 1;
  for (let at = 0; at < bytes.length && socket.writable; at += size) {
    await new Promise<void>((resolve) => socket.write(bytes.subarray(at, at + size), () => resolve()));
  }
}

function fill({ text, signedIn, bends }: Attack, mark: string, { tunnel, base, cookie }: Places): Buffer {
  const values: Record<string, string> = { tunnel, base, mark, cookie: `Cookie: ${cookie}` };
  const whole = (signedIn ? text : text.replaceAll('{cookie}\r\n', '')).replace(
    /\{(tunnel|base|mark|cookie)\}/g,
    (_, name: string) => values[name] ?? '',
  );
  return bendBytes(Buffer.from(whole, 'latin1'), bends);
}
