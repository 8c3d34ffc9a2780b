/**
 * For how long a test waits for what would otherwise never end. It decides no test, it explains a failed one: hence longer than
 * anything takes on a busy machine, and shorter than the runner's limit, which names the process only.
 */
export const MAX_WAIT_MS = 180_000;
