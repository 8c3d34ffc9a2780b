/**
 * Recognises the responses by which a target rejects a host or an origin, by their text or because the same target serves GET,
 * and hints at what to change. Inspects the first bytes of few responses as they pass; the stream is neither delayed nor
 * changed.
 */

import { RecentMap } from '../../core/recent-map.js';
import type { RequestHead, ResponseHead } from '../../http/exchange.js';
import { fieldValue } from '../../http/fields.js';
import type { TargetAddress } from './address.js';
import type { PublicAddress } from './public-address.js';
import type { Refusal } from './refusal.js';
import { adviceOn } from './refusal-advice.js';
import { recognizeRefusal } from './refusal-table.js';
import { hostFor } from './request-headers.js';

const STATUSES = new Set([200, 400, 403, 404, 421, 422]);
const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE']);

// Django's debug page names the refusal in its title; all others fit in a few hundred bytes.
const MAX_CHARACTERS = 4_096;

const DATA = /^application\/(?:json|xml)\b/;

const MAX_PATHS = 100;
const MAX_PATH_CHARACTERS = 256;

/** Inspects the responses of one target and gives each hint once. */
export class DevServerHints {
  readonly #target: TargetAddress;
  readonly #hint: (text: string) => void;
  readonly #given = new Set<Refusal | 'unknown server'>();
  /** Paths, without query, whose GET was successful. */
  readonly #served = new RecentMap<true>(MAX_PATHS, MAX_PATH_CHARACTERS);

  constructor(target: TargetAddress, hint: (text: string) => void) {
    this.#target = target;
    this.#hint = hint;
  }

  /** If this response may be a rejection: a function to call with the first chunk of its body, or an empty one. */
  sniffer(
    response: ResponseHead,
    head: RequestHead,
    publicAddress: PublicAddress,
  ): ((piece: Buffer) => void) | undefined {
    if (response.status < 300 && head.method === 'GET') this.#remember(head.path);
    if (!STATUSES.has(response.status)) return undefined;
    const isByOrigin = this.#refusesOrigin(response, head, publicAddress);
    const type = readableType(response);
    if (!isByOrigin && type === undefined) return undefined;
    return (piece) => {
      const text = type === undefined ? '' : piece.toString('latin1', 0, MAX_CHARACTERS);
      const { status, headers } = response;
      const server = fieldValue(headers, 'server');
      const refusal = recognizeRefusal({
        status,
        path: head.path,
        isText: type === 'text',
        text,
        server,
        isByOrigin,
      });
      if (refusal !== undefined) this.#giveHint(refusal, publicAddress);
      else if (isByOrigin) this.#hintAtUnknownServer(response, head, publicAddress);
    };
  }

  // Only until the hint has been given.
  #remember(path: string): void {
    if (this.#target.hostHeader === 'preserve' || this.#given.has('unknown server')) return;
    const page = pageOf(path);
    if (this.#served.get(page) === undefined) this.#served.set(page, true);
  }

  /** The target rejects a request of the tunnel's own page as if it were cross-site. */
  #refusesOrigin({ status }: ResponseHead, head: RequestHead, publicAddress: PublicAddress): boolean {
    if (SAFE_METHODS.has(head.method) || this.#target.hostHeader === 'preserve') return false;
    if (fieldValue(head.headers, 'origin') !== publicAddress.origin) return false;
    // A 404 counts only for a path that exists, which a successful GET has shown.
    return status === 403 ? this.#served.size > 0 : status === 404 && this.#served.get(pageOf(head.path)) === true;
  }

  #giveHint(refusal: Refusal, publicAddress: PublicAddress): void {
    if (this.#given.has(refusal)) return;
    this.#given.add(refusal);
    const { problem, fix } = adviceOn(refusal, this.#target, publicAddress);
    this.#hint(`${problem}: ${fix}.`);
  }

  #hintAtUnknownServer(
    { status }: ResponseHead,
    { method, protocol }: RequestHead,
    publicAddress: PublicAddress,
  ): void {
    if (this.#given.has('unknown server')) return;
    this.#given.add('unknown server');
    const host = hostFor(this.#target, publicAddress);
    const what = protocol === 'websocket' ? 'WebSocket' : method;
    this.#hint(
      `The app answers ${status} to a ${what} from its own page: if it compares the origin ${publicAddress.origin} with the host ${host}, give the agent --host-header preserve.`,
    );
  }
}

function pageOf(path: string): string {
  const query = path.indexOf('?');
  return query === -1 ? path : path.slice(0, query);
}

// A 200 is of interest only when it is as short as webpack-dev-server's old refusal.
function readableType({ status, headers }: ResponseHead): 'text' | 'data' | undefined {
  if (status === 200 && !(Number(fieldValue(headers, 'content-length')) <= 32)) return undefined;
  const coding = fieldValue(headers, 'content-encoding');
  if (coding !== undefined && coding !== 'identity') return undefined;
  const type = fieldValue(headers, 'content-type');
  if (type === undefined || type.startsWith('text/')) return 'text';
  return DATA.test(type) ? 'data' : undefined;
}
