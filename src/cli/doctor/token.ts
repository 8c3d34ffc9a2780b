/** The check of the token: what it says of itself, and whether the edge accepts it. */
import type { PosternError } from '../../errors.js';
import { readTokenId } from '../../link/token.js';
import { CommandError } from '../process/exit.js';
import { againSentence, renewedToken } from '../process/signed-in-token.js';
import { readTokenText, type TokenText } from '../process/token-text.js';
import type { Check, Finding } from './check.js';
import { failureOf, probe, refusalIn } from './probe.js';

export interface TokenOptions {
  readonly edge: string;
  /** Undefined without one. */
  readonly token: string | undefined;
  /** It is that of a sign-in. */
  readonly isSignedIn: boolean;
  /** Is given the token that the edge accepts. */
  readonly accepted: (token: string) => void;
}

const HOUR_MS = 3_600_000;
const SOON_MS = 24 * HOUR_MS;

export function tokenCheck({ edge, token, isSignedIn, accepted }: TokenOptions): Check {
  return {
    id: 'token',
    needs: ['edge'],
    look: async (signal) => {
      if (token === undefined)
        return {
          result: 'failure',
          text: 'there is no sign-in for this edge, and no token',
          fix: `postern login ${edge}`,
        };
      try {
        const current = isSignedIn ? await renewedToken(edge) : token;
        const headers = { Authorization: `Bearer ${current}`, Accept: 'application/json' };
        const url = new URL('/.postern/api/v1/tunnels?limit=1', edge);
        const text = readTokenText(current);
        // A header has no line ends: what holds one is no token, and is not sent.
        const probed = /^[!-~]+$/.test(current) ? await probe(url, { headers, signal }) : undefined;
        if (probed?.status !== 200)
          return refused({ edge, isSignedIn, token: current, text }, probed && refusalIn(probed));
        accepted(current);
        return accept(text, isSignedIn);
      } catch (error) {
        if (error instanceof CommandError)
          return { result: 'failure', text: 'the sign-in has ended', fix: `postern login ${edge}` };
        return failureOf(error, edge);
      }
    },
  };
}

function accept(text: TokenText | undefined, isSignedIn: boolean): Finding {
  if (text === undefined) return { result: 'ok', text: 'the edge accepts the token' };
  const { owner, tunnels, expiresAtMs } = text;
  const leftMs = expiresAtMs - Date.now();
  const names = tunnels.length === 1 && tunnels[0] === '*' ? 'any name' : tunnels.join(', ');
  const sentence = `of ${owner}, for ${names}, valid until ${moment(expiresAtMs)} (${duration(leftMs)})`;
  // A sign-in renews itself.
  if (isSignedIn || leftMs > SOON_MS) return { result: 'ok', text: sentence };
  return { result: 'warning', text: sentence, fix: operatorLine(text) };
}

interface Refused {
  readonly edge: string;
  readonly isSignedIn: boolean;
  readonly token: string;
  readonly text: TokenText | undefined;
}

function refused({ edge, isSignedIn, token, text }: Refused, error: PosternError | undefined): Finding {
  if (error !== undefined && error.code !== 'ERR_TOKEN_INVALID') return failureOf(error, edge);
  const fix = isSignedIn ? againSentence(edge).replace(/^[^:]*: /, '') : operatorLine(text);
  if (text === undefined || readTokenId(token) === undefined)
    return { result: 'failure', text: 'this is not a token of Postern', fix };
  if (text.expiresAtMs <= Date.now())
    return { result: 'failure', text: `the token expired at ${moment(text.expiresAtMs)}`, fix };
  return {
    result: 'failure',
    text: `the edge refuses the token of ${text.owner}: it was revoked, or is of another edge or an older secret`,
    fix,
  };
}

function operatorLine(text: TokenText | undefined): string {
  const { owner, tunnels } = text ?? { owner: 'you@example.com', tunnels: ['*'] };
  return `The operator of the edge: postern token create --owner ${word(owner)} --tunnels ${word(tunnels.join(','))} --out dev.token`;
}

/** As one word of a shell. */
function word(text: string): string {
  return /^[\w@.,+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

function moment(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function duration(ms: number): string {
  const hours = Math.floor(ms / HOUR_MS);
  return hours >= 48 ? `${Math.floor(hours / 24)} days` : `${hours} hours`;
}
