/**
 * One order from its beginning, or from where a process ended, to a chain of certificates (RFC 8555 section 7.4): prove each
 * name, send the request, wait, download.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { AccountKey } from './account-key.js';
import { type ChallengeSolver, readChallenges } from './challenges.js';
import type { AcmeClient, Resource } from './client.js';
import { AcmeError, problemError } from './errors.js';
import { readUrl } from './transport.js';

export interface OrderContext {
  readonly client: AcmeClient;
  readonly key: AccountKey;
  /** In the order of preference. */
  readonly solvers: readonly ChallengeSolver[];
  /** The request for the certificate, DER. */
  readonly request: Buffer;
  readonly signal: AbortSignal;
}

// The longest that an authority may take for one step, and how often it is asked meanwhile where it does not say.
const STEP_LIMIT_MS = 300_000;
const DEFAULT_POLL_MS = 1_000;
const MIN_POLL_MS = 250;
const MAX_POLL_MS = 30_000;
// Far above the names of one certificate here: a base host and its wildcard.
const MAX_AUTHORIZATIONS = 10;

/** Completes an order. Resolves to the chain, PEM. Rejects with `AcmeError`; an order that has failed stays invalid. */
export async function completeOrder(context: OrderContext, order: Resource): Promise<string> {
  const { client, request } = context;
  let current = order;
  if (current.body['status'] === 'pending') {
    await authorize(context, current);
    current = await until(context, current.url, 'the order', ['ready', 'processing', 'valid']);
  }
  if (current.body['status'] === 'ready') await client.finalize(readUrl(current.body['finalize'], 'finalize'), request);
  const issued = await until(context, current.url, 'the order', ['valid']);
  return client.downloadChain(readUrl(issued.body['certificate'], 'the certificate'));
}

async function authorize(context: OrderContext, { body }: Resource): Promise<void> {
  const urls = Array.isArray(body['authorizations']) ? body['authorizations'] : [];
  if (urls.length === 0 || urls.length > MAX_AUTHORIZATIONS)
    throw new AcmeError(`the order: the certificate authority named ${urls.length} authorizations`);
  for (const url of urls) await prove(context, readUrl(url, 'an authorization'));
}

// One after the other: two proofs of a base host and its wildcard are two TXT records of one name.
async function prove(context: OrderContext, url: string): Promise<void> {
  const { client, key, signal } = context;
  const authorization = await client.read(url, 'the authorization');
  if (authorization.body['status'] === 'valid') return; // proven earlier, and still remembered
  const name = nameOf(authorization);
  const { solver, challenge } = choose(context, authorization, name);
  const proof = { name, token: challenge.token, keyAuthorization: key.authorize(challenge.token) };
  const takeAway = await solver.present(proof, signal);
  try {
    await client.respond(challenge.url);
    await until(context, url, `the proof of ${name} by ${challenge.type}`, ['valid']);
  } finally {
    await takeAway().catch(() => {}); // what is left proves nothing to anyone else
  }
}

function choose({ solvers }: OrderContext, { body }: Resource, name: string) {
  const offered = readChallenges(body['challenges']);
  for (const solver of solvers) {
    const challenge = offered.find(({ type }) => type === solver.type);
    if (challenge !== undefined) return { solver, challenge };
  }
  const wanted = solvers.map(({ type }) => type).join(', ');
  throw new AcmeError(`the certificate authority accepts none of ${wanted} for ${name}`, { isFinal: true });
}

function nameOf({ body }: Resource): string {
  const identifier = body['identifier'];
  const value = typeof identifier === 'object' && identifier !== null ? (identifier as { value?: unknown }).value : '';
  if (typeof value === 'string' && /^[a-z0-9.-]{1,253}$/.test(value)) return value;
  throw new AcmeError('the certificate authority named an authorization without a DNS name');
}

/** Reads a resource until it has one of these states. Rejects when it becomes invalid, and after five minutes. */
async function until(context: OrderContext, url: string, step: string, states: readonly string[]): Promise<Resource> {
  const deadline = AbortSignal.timeout(STEP_LIMIT_MS);
  for (;;) {
    const resource = await context.client.read(url, step);
    const { status } = resource.body;
    if (typeof status === 'string' && states.includes(status)) return resource;
    if (status !== 'pending' && status !== 'processing' && status !== 'ready') throw failureOf(resource, step);
    if (deadline.aborted) throw new AcmeError(`${step}: the certificate authority did not decide within five minutes`);
    const waitMs = Math.min(Math.max(resource.retryAfterMs ?? DEFAULT_POLL_MS, MIN_POLL_MS), MAX_POLL_MS);
    await sleep(waitMs, undefined, { signal: context.signal });
  }
}

// An authorization has its reason in the challenge that failed (section 7.5.1), an order in itself.
function failureOf({ body }: Resource, step: string): AcmeError {
  const challenges = Array.isArray(body['challenges']) ? (body['challenges'] as unknown[]) : [];
  const errors = challenges.map((challenge) => (challenge as { error?: unknown } | null)?.error);
  return problemError(step, body['error'] ?? errors.find((error) => error !== undefined), { isFinal: true });
}
