/**
 * Recognises the answers by which development servers refuse a host, and says what to change. Looks at the first piece
 * of a small set of answers on its way past; the stream is neither delayed nor changed.
 */
import { fieldValue } from '../core/headers.js';
import type { RequestHead, ResponseHead } from '../link/stream.js';
import type { TargetAddress } from './target-address.js';
import { hostFor, type PublicPlace } from './target-headers.js';

/** The beginning of an answer. */
export interface AnswerStart {
  readonly status: number;
  /** Of the request. */
  readonly path: string;
  /** The first characters of the body. */
  readonly text: string;
}

interface Refusal {
  readonly server: string;
  matches(start: AnswerStart): boolean;
  /** The change at the target that admits `host`, a name without port. */
  fix(host: string): string;
}

const STATUSES = new Set([200, 400, 403]);

// Django's debug page names the refusal in its title; all others fit in a few hundred bytes.
const MOST_CHARACTERS = 4_096;

// More specific rows first: Angular's text begins like Vite's.
const REFUSALS: readonly Refusal[] = [
  {
    server: 'Angular',
    matches: ({ status, text }) =>
      status === 403 && text.includes('Blocked request. This host') && text.includes('angular.json'),
    fix: (host) => `add "${host}" to "allowedHosts" in the options of the "serve" target in angular.json`,
  },
  {
    server: 'Vite (preview)',
    matches: ({ status, text }) => status === 403 && isViteRefusal(text) && text.includes('preview.allowedHosts'),
    fix: (host) => `add preview: { allowedHosts: ['${host}'] } to vite.config.js`,
  },
  {
    server: 'Vite',
    matches: ({ status, text }) => status === 403 && isViteRefusal(text),
    fix: (host) => `add server: { allowedHosts: ['${host}'] } to vite.config.js`,
  },
  {
    server: 'webpack-dev-server',
    matches: ({ text }) => text.trim() === 'Invalid Host header' || text.trim() === 'Invalid Host/Origin header',
    fix: (host) => `add devServer: { allowedHosts: ['${host}'] } to webpack.config.js`,
  },
  {
    server: 'Next.js',
    matches: ({ status, path, text }) =>
      status === 403 && /^\/(?:_next|__next)/.test(path) && text.trim() === 'Unauthorized',
    fix: (host) => `add allowedDevOrigins: ['${host}'] to next.config.js`,
  },
  {
    server: 'Rails',
    matches: ({ status, text }) => status === 403 && /Blocked hosts?: /.test(text),
    fix: (host) => `add config.hosts << "${host}" to config/environments/development.rb`,
  },
  {
    server: 'Django',
    matches: ({ status, text }) =>
      status === 400 && (/<title>\s*DisallowedHost\b/.test(text) || text.includes('to ALLOWED_HOSTS')),
    fix: (host) => `add '${host}' to ALLOWED_HOSTS in settings.py`,
  },
];

/** Which server refuses the host in this answer, if it is such an answer. */
export function recognizeRefusal(start: AnswerStart): Refusal | undefined {
  return REFUSALS.find((refusal) => refusal.matches(start));
}

/** Watches the answers of one target and gives each hint once. */
export class HostRefusals {
  readonly #target: TargetAddress;
  readonly #hint: (text: string) => void;
  readonly #given = new Set<Refusal>();

  constructor(target: TargetAddress, hint: (text: string) => void) {
    this.#target = target;
    this.#hint = hint;
  }

  /** What is to see the first piece of this answer's body, if that can be a refusal. */
  inspector(answer: ResponseHead, head: RequestHead, place: PublicPlace): ((piece: Buffer) => void) | undefined {
    if (this.#given.size === REFUSALS.length || !STATUSES.has(answer.status) || !isPlainText(answer)) return undefined;
    return (piece) => {
      const text = piece.toString('latin1', 0, MOST_CHARACTERS);
      const refusal = recognizeRefusal({ status: answer.status, path: head.path, text });
      if (refusal !== undefined && !this.#given.has(refusal)) this.#tell(refusal, place);
    };
  }

  #tell(refusal: Refusal, place: PublicPlace): void {
    this.#given.add(refusal);
    // Next.js judges the Origin, which is the public one on ordinary requests; all others judge the Host.
    const told = refusal.server === 'Next.js' ? place.hostname : hostFor(this.#target, place);
    const host = told.replace(/:\d+$/, '');
    const otherwise = host === place.hostname && this.#target.hostHeader === 'preserve' && refusal.server !== 'Next.js';
    const remedy = otherwise ? ', or leave out --host-header preserve' : '';
    this.#hint(`${refusal.server} refuses the host ${host}: ${refusal.fix(host)}${remedy}.`);
  }
}

function isViteRefusal(text: string): boolean {
  return text.startsWith('Blocked request. This host');
}

// A 200 is of interest only when it is as short as webpack-dev-server's old refusal.
function isPlainText({ status, headers }: ResponseHead): boolean {
  if (status === 200 && !(Number(fieldValue(headers, 'content-length')) <= 32)) return false;
  const coding = fieldValue(headers, 'content-encoding');
  if (coding !== undefined && coding !== 'identity') return false;
  const type = fieldValue(headers, 'content-type');
  return type === undefined || type.startsWith('text/');
}
