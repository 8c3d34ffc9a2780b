import { RefusedUpgrade } from './visitor.js';

/**
 * Attempts with a time that is twice as long each time, until what has to happen within it has happened: on a busy machine any
 * time may be too short.
 */
export async function longEnough<T>(attempt: (time: string) => Promise<T | undefined>): Promise<T> {
  for (let seconds = 2; ; seconds *= 2) {
    const made = await attempt(`${seconds}s`);
    if (made !== undefined) return made;
  }
}

/** Undefined where a WebSocket is refused. */
export async function unlessRefused<T>(opening: Promise<T>): Promise<T | undefined> {
  try {
    return await opening;
  } catch (error) {
    if (error instanceof RefusedUpgrade) return undefined;
    throw error;
  }
}
