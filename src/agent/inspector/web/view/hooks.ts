/** What components share: something that loads, a change of the window. */
import { useEffect, useState } from 'preact/hooks';
import { messageOf } from '../state/api.js';

export interface Loaded<T> {
  readonly value: T | undefined;
  readonly error: string | undefined;
}

/** Loads again when one of `keys` changes; the former value stays until then, unless `key` (the first) is another. */
export function useLoaded<T>(load: () => Promise<T>, keys: readonly [unknown, ...unknown[]]): Loaded<T> {
  const [state, setState] = useState<Loaded<T> & { readonly key: unknown }>({
    value: undefined,
    error: undefined,
    key: keys[0],
  });
  useEffect(() => {
    let isLatest = true;
    load().then(
      (value) => isLatest && setState({ value, error: undefined, key: keys[0] }),
      (error: unknown) => isLatest && setState({ value: undefined, error: messageOf(error), key: keys[0] }),
    );
    return () => {
      isLatest = false;
    };
  }, [...keys]);
  return state.key === keys[0] ? state : { value: undefined, error: undefined };
}

/** Counts on while something runs that is looked at: what it has grown by is asked for then. */
export function useSeconds(runs: boolean): number {
  const [seconds, setSeconds] = useState(0);
  useEffect(() => {
    if (!runs) return undefined;
    const timer = setInterval(() => document.hidden || setSeconds((count) => count + 1), 1_000);
    return () => clearInterval(timer);
  }, [runs]);
  return seconds;
}

/** Whether a media query holds now. */
export function useMedia(query: string): boolean {
  const [holds, setHolds] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const list = matchMedia(query);
    const follow = () => setHolds(list.matches);
    list.addEventListener('change', follow);
    return () => list.removeEventListener('change', follow);
  }, [query]);
  return holds;
}

export const NARROW = '(max-width: 47.9rem)';
