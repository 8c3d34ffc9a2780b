/**
 * Checks of the target, with requests as the tunnel brings them: that it responds, and that it refuses neither the tunnel's host nor
 * the origin of its pages. Each refusal is compared with what the target responds to a browser on this machine.
 */
import { randomBytes } from 'node:crypto';
import type { TargetAddress } from '../../agent/target/address.js';
import type { Refusal } from '../../agent/target/refusal.js';
import { type Advice, adviceOn } from '../../agent/target/refusal-advice.js';
import { recognizeRefusal } from '../../agent/target/refusal-table.js';
import { TargetTrial, type TrialRequest } from '../../agent/target/trial.js';
import type { TrialResponse } from '../../agent/target/trial-stream.js';
import { PosternError } from '../../errors.js';
import { fieldValue } from '../../http/fields.js';
import { type Check, type Finding, skipped } from './check.js';

export interface TargetOptions {
  /** Undefined when none was named. */
  readonly address: TargetAddress | undefined;
  /** Other servers of the tunnel, by the path that leads to each. */
  readonly mounts: Readonly<Record<string, TargetAddress>>;
  /** The tunnel's URL, as far as it is known. */
  readonly publicUrl: () => URL;
  /** A page that takes an empty form without doing anything; by default a path that no app has. */
  readonly postPath: string | undefined;
}

// Statuses by which a request is refused for where it comes from.
const REFUSING = new Set([400, 401, 403, 404, 421, 422]);

// Of a page that is compiled when it is first asked for.
const RESPONSE_MS = 15_000;

const NO_TARGET: Finding = skipped('no target was named: postern doctor 5173');

export function targetChecks({ address, mounts, publicUrl, postPath }: TargetOptions): readonly Check[] {
  const mounted = Object.keys(mounts).length === 0 ? [] : [mountsCheck(mounts, publicUrl)];
  if (address === undefined) return [{ id: 'target', look: async () => NO_TARGET }, ...mounted];
  const trial = () => new TargetTrial(address, publicUrl());
  return [
    { id: 'target', look: () => during(trial(), (target) => checkTarget(target)) },
    {
      id: 'host',
      needs: ['target'],
      look: (signal) => during(trial(), (target) => checkHost(target, '/', inTime(signal))),
    },
    {
      id: 'origin',
      needs: ['target'],
      look: (signal) => during(trial(), (target) => checkOrigin(target, postPath ?? absentPath(), inTime(signal))),
    },
    ...mounted,
  ];
}

/** Of each other server what `target` and `host` look at; the worst of them counts. */
function mountsCheck(mounts: TargetOptions['mounts'], publicUrl: () => URL): Check {
  return {
    id: 'mounts',
    look: async (signal) => {
      const findings = Object.entries(mounts).map(async ([path, address]): Promise<Finding> => {
        const trial = new TargetTrial(address, publicUrl());
        const finding = await during(trial, async (target) => {
          const reached = await checkTarget(target);
          return reached.result === 'ok' ? checkHost(target, path, inTime(signal)) : reached;
        });
        return { ...finding, text: `${path} (${address.displayName}): ${finding.text}` };
      });
      return worstOf(await Promise.all(findings));
    },
  };
}

/** The one to mend first; where all is well, what was found of each. */
function worstOf(findings: readonly Finding[]): Finding {
  const bad = findings.find(({ result }) => result === 'failure') ?? findings.find(({ result }) => result !== 'ok');
  return bad ?? { result: 'ok', text: findings.map(({ text }) => text).join('; ') };
}

async function during(trial: TargetTrial, look: (trial: TargetTrial) => Promise<Finding>): Promise<Finding> {
  try {
    return await look(trial);
  } catch (error) {
    if (!(error instanceof PosternError)) throw error;
    return { result: 'failure', text: error.message };
  } finally {
    trial.close();
  }
}

async function checkTarget(trial: TargetTrial): Promise<Finding> {
  const { displayName } = trial.address;
  const error = await trial.connect();
  if (error === undefined) return { result: 'ok', text: `${displayName} accepts connections` };
  const fix =
    error.code === 'ERR_TARGET_REFUSED' ? 'Start the server, or name the port on which it listens' : undefined;
  return { result: 'failure', text: error.message, fix };
}

/** Compares a GET through the tunnel with one of a browser on this machine. */
async function checkHost(trial: TargetTrial, path: string, signal: AbortSignal): Promise<Finding> {
  const get: Omit<TrialRequest, 'as'> = { method: 'GET', path };
  const direct = await trial.request({ ...get, as: 'direct' }, signal);
  const visitor = await trial.request({ ...get, as: 'visitor' }, signal);
  const { status } = visitor;
  if (status >= 500)
    return { result: 'warning', text: `the app responds with ${status} to GET ${path}`, fix: 'Look at its own output' };
  if (isAlike(direct, visitor))
    return { result: 'ok', text: `GET ${path} through the tunnel gets ${status}, as on this machine` };
  if (!REFUSING.has(status))
    return { result: 'ok', text: `GET ${path} through the tunnel gets ${status}, on this machine ${direct.status}` };
  const known = knownRefusal(trial, visitor, { path, isByOrigin: false });
  if (known !== undefined) return { result: 'failure', text: known.problem, fix: known.fix };
  return {
    result: 'failure',
    text: `GET ${path} gets ${status} through the tunnel, and ${direct.status} on this machine: the app refuses the host or what a proxy forwards`,
    fix: `Name the host ${trial.publicUrl.host} in its list of hosts, or trust 127.0.0.1 as a proxy`,
  };
}

/** Compares a form that a page of the tunnel sends with one of a page on this machine. */
async function checkOrigin(trial: TargetTrial, path: string, signal: AbortSignal): Promise<Finding> {
  const post: Omit<TrialRequest, 'as'> = { method: 'POST', path };
  const direct = await trial.request({ ...post, as: 'direct' }, signal);
  const visitor = await trial.request({ ...post, as: 'visitor' }, signal);
  const { status } = visitor;
  if (isAlike(direct, visitor) || !REFUSING.has(status))
    return { result: 'ok', text: `POST ${path} from a page of the tunnel gets ${status}, as on this machine` };
  const known = knownRefusal(trial, visitor, { path, isByOrigin: true });
  if (known !== undefined) return { result: 'failure', text: known.problem, fix: known.fix };
  const text = `POST ${path} gets ${status} from a page of ${trial.publicUrl.origin}, and ${direct.status} on this machine`;
  return { result: 'failure', text, fix: await unknownFix(trial, { path, direct, signal }) };
}

/** The way out when it is not known what the app compares: tried, not guessed. */
async function unknownFix(
  { address, publicUrl }: TargetTrial,
  { path, direct, signal }: { readonly path: string; readonly direct: TrialResponse; readonly signal: AbortSignal },
): Promise<string> {
  const setting = `name ${publicUrl.origin} in the app's list of trusted origins`;
  if (address.hostHeader === 'preserve') return setting;
  const preserving = new TargetTrial({ ...address, hostHeader: 'preserve' }, publicUrl);
  try {
    const mended = await preserving.request({ method: 'POST', path, as: 'visitor' }, signal);
    return isAlike(direct, mended) ? 'give the agent --host-header preserve' : setting;
  } finally {
    preserving.close();
  }
}

function knownRefusal({ address, publicUrl }: TargetTrial, response: TrialResponse, cause: Cause): Advice | undefined {
  const refusal = refusalIn(response, cause);
  return refusal && adviceOn(refusal, address, publicUrl);
}

interface Cause {
  readonly path: string;
  readonly isByOrigin: boolean;
}

function refusalIn({ status, headers, text }: TrialResponse, cause: Cause): Refusal | undefined {
  const type = fieldValue(headers, 'content-type');
  const isText = type === undefined || type.startsWith('text/');
  return recognizeRefusal({ status, isText, text, server: fieldValue(headers, 'server'), ...cause });
}

/** The app makes no difference. Pages have times and random values in them; refusals differ by their status or their reason. */
function isAlike(direct: TrialResponse, visitor: TrialResponse): boolean {
  if (direct.status !== visitor.status) return false;
  const cause = { path: '/', isByOrigin: false };
  return !REFUSING.has(visitor.status) || refusalIn(direct, cause) === refusalIn(visitor, cause);
}

/** No app has it, and none does anything for it. */
function absentPath(): string {
  return `/postern-doctor-${randomBytes(4).toString('hex')}`;
}

function inTime(signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(RESPONSE_MS)]);
}
