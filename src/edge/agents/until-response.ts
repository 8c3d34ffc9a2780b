/** What the directory has to be told, however long it is away. */

const RETRY_MS = 1_000;

/** Tries until there is a response, every second. Undefined once it is over before that. */
export async function untilResponse<Response>(
  attempt: () => Promise<Response>,
  isOver: () => boolean,
): Promise<Response | undefined> {
  while (!isOver()) {
    try {
      return await attempt();
    } catch {
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref());
    }
  }
  return undefined;
}
