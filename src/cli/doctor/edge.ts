/** Checks of the edge itself: that it is one, that its clock and ours agree, that it can send visitors to sign in. */
import { type Check, type Finding, skipped } from './check.js';
import { failureOf, type Probed, probe, refusalIn } from './probe.js';

// Verifiers accept an assertion of the edge with clocks half a minute apart, and it is valid for a minute and a half at least.
const MAX_SKEW_MS = { ok: 30_000, usable: 90_000 };

// `Date` has whole seconds.
const HALF_SECOND_MS = 500;

const CLOCK_FIX: Partial<Record<NodeJS.Platform, string>> = {
  linux: 'sudo timedatectl set-ntp true',
  darwin: 'sudo sntp -sS time.apple.com',
  win32: 'w32tm /resync',
};

/** That it is an edge, and what time it is there. */
export function edgeChecks(edge: string, now: () => number = Date.now): readonly Check[] {
  let edgeTimeMs: number | undefined;
  let ownTimeMs = 0;
  return [
    {
      id: 'edge',
      needs: ['certificate'],
      look: async (signal) => {
        try {
          const sentMs = now();
          const probed = await probe(new URL('/.postern/jwks.json', edge), { signal });
          ownTimeMs = (sentMs + now()) / 2;
          edgeTimeMs = readDate(probed.headers.date);
          if (!hasKeys(probed)) return failureOf(refusalIn(probed), edge);
          return { result: 'ok', text: `${new URL(edge).host} is an edge of Postern` };
        } catch (error) {
          return failureOf(error, edge);
        }
      },
    },
    {
      id: 'clock',
      needs: ['edge'],
      look: async () => (edgeTimeMs === undefined ? skipped('the edge sent no Date') : compare(edgeTimeMs - ownTimeMs)),
    },
  ];
}

function readDate(text: string | undefined): number | undefined {
  const ms = Date.parse(text ?? '');
  return Number.isNaN(ms) ? undefined : ms + HALF_SECOND_MS;
}

/** Whether this is the response to a request for an edge's keys. */
function hasKeys({ status, body }: Probed): boolean {
  if (status !== 200) return false;
  try {
    return Array.isArray((JSON.parse(body) as { keys?: unknown } | null)?.keys);
  } catch {
    return false; // not JSON
  }
}

/** What it means that the edge's clock is ahead of ours by so much. */
export function compare(aheadMs: number, platform: NodeJS.Platform = process.platform): Finding {
  const apartMs = Math.abs(aheadMs);
  if (apartMs <= MAX_SKEW_MS.ok) return { result: 'ok', text: 'this clock and that of the edge agree' };
  const seconds = Math.round(apartMs / 1_000);
  const far = seconds < 120 ? `${seconds} seconds` : `${Math.round(seconds / 60)} minutes`;
  return {
    result: apartMs <= MAX_SKEW_MS.usable ? 'warning' : 'failure',
    text: `this clock is ${far} ${aheadMs > 0 ? 'behind' : 'ahead of'} that of the edge: an app that verifies assertions rejects them`,
    fix: CLOCK_FIX[platform],
  };
}

/** Where visitors are sent to sign in. */
export function providerCheck(edge: string): Check {
  return {
    id: 'provider',
    needs: ['edge'],
    look: async (signal) => {
      try {
        const probed = await probe(new URL('/oauth2/start?rd=%2F', edge), { headers: { Accept: 'text/html' }, signal });
        return judgeStart(probed, edge);
      } catch (error) {
        return failureOf(error, edge);
      }
    },
  };
}

function judgeStart({ status, headers }: Probed, edge: string): Finding {
  const { location, 'postern-error': code } = headers;
  if (status >= 300 && status < 400 && location !== undefined && URL.canParse(location, edge))
    return { result: 'ok', text: `visitors sign in at ${new URL(location, edge).host}` };
  if (status === 200) return { result: 'ok', text: 'visitors choose between several providers' };
  const why = code === undefined ? '' : ` (${String(code)})`;
  if (status === 429) return { result: 'warning', text: `the edge has no time for this check now${why}` };
  return {
    result: 'failure',
    text: `visitors cannot sign in: the edge responds with ${status}${why}`,
    fix: 'The operator of the edge looks with: postern config check',
  };
}
