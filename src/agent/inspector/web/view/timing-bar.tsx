/** The time of an exchange as a bar: small in a row, with its words in the detail. Drawn, since the page has no inline styles. */
import type { Exchange } from '../../wire.js';
import { type TimingSlice, timingSlices, timingWords, wholeTime } from '../words/timing.js';
import { durationText } from '../words/units.js';

const ROW_WIDTH = 56;

export function RowBar({
  exchange: { timing },
  slowestMs,
}: {
  readonly exchange: Exchange;
  readonly slowestMs: number;
}) {
  const whole = wholeTime(timing);
  if (whole === null) return null;
  const width = Math.max(3, Math.min(1, whole / slowestMs) * ROW_WIDTH);
  return (
    <svg class="bar" width={ROW_WIDTH} height="6" viewBox={`0 0 ${ROW_WIDTH} 6`} aria-hidden="true">
      {rects(timingSlices(timing), whole, width, 6)}
    </svg>
  );
}

/** With what each part is, in words. */
export function TimingDetail({ exchange: { timing, state } }: { readonly exchange: Exchange }) {
  const slices = timingSlices(timing);
  const whole = wholeTime(timing);
  if (whole === null || slices.length === 0) return null;
  return (
    <figure class="timing">
      <svg class="bar" width="100%" height="8" viewBox="0 0 1000 8" preserveAspectRatio="none" role="img">
        <title>{timingWords(timing)}</title>
        {rects(slices, whole, 1_000, 8)}
      </svg>
      <figcaption>
        {slices.map(({ part, label, ms }) => (
          <span key={part}>
            <i class={`key ${part}`} />
            {label} <b>{durationText(ms)}</b>
          </span>
        ))}
        <span class="whole">
          {state === 'open' ? (
            'Still running'
          ) : (
            <>
              Total <b>{durationText(whole)}</b>
            </>
          )}
        </span>
      </figcaption>
    </figure>
  );
}

function rects(slices: readonly TimingSlice[], whole: number, width: number, height: number) {
  let x = 0;
  return slices.map(({ part, ms }) => {
    const wide = whole === 0 ? 0 : (ms / whole) * width;
    const rect = (
      <rect key={part} class={part} x={x} y="0" width={Math.max(0, wide - (wide > 4 ? 1 : 0))} height={height} />
    );
    x += wide;
    return rect;
  });
}
