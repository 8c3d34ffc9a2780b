/** Where the time of an exchange went, as parts of a bar and in words. */
import type { Timing } from '../../wire.js';
import { durationText } from './units.js';

export type TimingPart = 'edge' | 'link' | 'first-byte' | 'body';

export interface TimingSlice {
  readonly part: TimingPart;
  readonly label: string;
  readonly ms: number;
}

/** The parts that are known, in the order in which they passed. */
export function timingSlices({ edgeMs, linkMs, firstByteMs, bodyMs, totalMs }: Timing): TimingSlice[] {
  const parts: readonly (readonly [TimingPart, string, number | null])[] = [
    ['edge', 'Edge', edgeMs],
    ['link', 'Link', linkMs],
    firstByteMs === null ? ['first-byte', 'No response', totalMs] : ['first-byte', 'First byte', firstByteMs],
    ['body', 'Body', bodyMs],
  ];
  return parts.flatMap(([part, label, ms]) => (ms === null ? [] : [{ part, label, ms: Math.max(0, ms) }]));
}

/** All that a visitor waited for, as far as it is known. */
export function wholeTime(timing: Timing): number | null {
  const slices = timingSlices(timing);
  return slices.length === 0 ? timing.totalMs : slices.reduce((sum, { ms }) => sum + ms, 0);
}

/** `edge 1.2 ms, link 18 ms, first byte 42 ms, body 3 ms`. */
export function timingWords(timing: Timing): string {
  return timingSlices(timing)
    .map(({ label, ms }) => `${label.toLowerCase()} ${durationText(ms)}`)
    .join(', ');
}
