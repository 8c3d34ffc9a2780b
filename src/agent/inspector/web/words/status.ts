/** What a row says about how an exchange ended: in a word, and as a shape, since colour alone tells nothing to many people. */
import type { Exchange } from '../../wire.js';

export type StatusGroup = 'open' | 'info' | 'success' | 'redirect' | 'client-error' | 'server-error' | 'failed';

const WORDS: Readonly<Record<StatusGroup, string>> = {
  open: 'in progress',
  info: 'informational',
  success: 'success',
  redirect: 'redirect',
  'client-error': 'client error',
  'server-error': 'server error',
  failed: 'failed',
};

const GROUPS: readonly StatusGroup[] = ['failed', 'info', 'success', 'redirect', 'client-error', 'server-error'];

type Outcome = Pick<Exchange, 'status' | 'state' | 'kind'>;

export function statusGroup({ status, state, kind }: Outcome): StatusGroup {
  if (state === 'failed') return 'failed';
  if (status === 101 && kind === 'websocket') return state === 'open' ? 'open' : 'success';
  if (status === null) return state === 'open' ? 'open' : 'failed';
  if (state === 'aborted' && status < 400) return 'failed';
  return GROUPS[Math.floor(status / 100)] ?? 'failed';
}

/** For the eye: `404`, `···`, `failed`. */
export function statusText({ status, state }: Outcome): string {
  if (status !== null) return String(status);
  return state === 'open' ? '···' : state;
}

/** For a screen reader: `404, client error`. */
export function statusWords(outcome: Outcome): string {
  const { status, state } = outcome;
  const ended = state === 'aborted' ? 'broken off' : undefined;
  const group = statusGroup(outcome);
  const words = group === 'failed' ? (ended ?? group) : [WORDS[group], ended].filter(Boolean).join(', ');
  return status === null ? words : `${status}, ${words}`;
}
