/** A check of `postern doctor`, and how checks are made: in order, each within a time, none that an earlier one makes senseless. */

/** What a check is about; part of the output of `--json`. */
export type CheckId =
  | 'dns'
  | 'connection'
  | 'certificate'
  | 'edge'
  | 'clock'
  | 'token'
  | 'websocket'
  | 'name'
  | 'url'
  | 'events'
  | 'provider'
  | 'target'
  | 'mounts'
  | 'host'
  | 'origin';

/** What a check has found. Texts may come from outside: escape before printing. */
export interface Finding {
  readonly result: 'ok' | 'warning' | 'failure' | 'skipped';
  /** Without a dot at its end. */
  readonly text: string;
  /** What to do, where possible as the line to type. */
  readonly fix?: string | undefined;
}

export interface Check {
  readonly id: CheckId;
  /** Checks without whose success there is nothing to look at. */
  readonly needs?: readonly CheckId[];
  /** Makes the check. An error that is thrown is a failure. */
  look(signal: AbortSignal): Promise<Finding>;
}

// Longer than each part of a check waits by itself.
const MAX_CHECK_MS = 20_000;

/** What was found by checks that were made before, for those that need them. */
export type Results = Map<CheckId, Finding['result']>;

/** Makes all checks, and calls `found` after each. */
export async function makeChecks(
  checks: readonly Check[],
  found: (id: CheckId, finding: Finding) => void,
  results: Results = new Map(),
): Promise<void> {
  for (const check of checks) {
    const missing = check.needs?.find((id) => isMissing(results.get(id)));
    const finding =
      missing === undefined
        ? await make(check)
        : skipped(`it needs ${missing}, which ${results.get(missing) === 'failure' ? 'failed' : 'was skipped'}`);
    results.set(check.id, finding.result);
    found(check.id, finding);
  }
}

/** A check that was not made, and why. */
export function skipped(text: string): Finding {
  return { result: 'skipped', text };
}

function isMissing(result: Finding['result'] | undefined): boolean {
  return result === 'failure' || result === 'skipped';
}

async function make(check: Check): Promise<Finding> {
  const over = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding>((resolve) => {
    timer = setTimeout(() => {
      resolve({ result: 'failure', text: `no result within ${MAX_CHECK_MS / 1_000} seconds` });
      over.abort();
    }, MAX_CHECK_MS);
  });
  try {
    return await Promise.race([check.look(over.signal).catch(asFailure), late]);
  } finally {
    clearTimeout(timer);
    over.abort(); // what is left of it
  }
}

function asFailure(thrown: unknown): Finding {
  return { result: 'failure', text: thrown instanceof Error ? thrown.message : String(thrown) };
}
