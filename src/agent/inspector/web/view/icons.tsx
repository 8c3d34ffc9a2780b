/** The few signs of the page, drawn: they look alike with every font. A reader that hears the page is told by labels instead. */
import type { StatusGroup } from '../words/status.js';

const PATHS = {
  pin: 'M6 2h4l-.6 4.2L12 8.5v1H8.6L8 14l-.6-4.5H4v-1l2.6-2.3z',
  note: 'M3 3h10v7l-3 3H3zM10 13v-3h3',
  replay: 'M12.8 8a4.8 4.8 0 1 1-1.5-3.5M12.9 2.2v2.9H10',
  close: 'M4 4l8 8M12 4l-8 8',
  back: 'M10 3 5 8l5 5',
  filter: 'M2.5 3.5h11l-4 5v4l-3-1.5V8.5z',
  up: 'M8 13V3.5M4 7.2 8 3.2l4 4',
  down: 'M8 3v9.5M4 8.8l4 4 4-4',
  copy: 'M5.5 5.5h7v7h-7zM3.5 10.5v-7h7',
  edit: 'M3 13l.6-2.8L11 2.8 13.2 5 5.8 12.4z',
  compare: 'M2.5 5h9M8.5 2l3 3-3 3M13.5 11h-9M7.5 8l-3 3 3 3',
  socket: 'M5 3 2 6l3 3M2 6h9M11 7l3 3-3 3M14 10H5',
  events: 'M2 5.5c2-2 4 2 6 0s4 2 6 0M2 10.5c2-2 4 2 6 0s4 2 6 0',
  people:
    'M6 7.5a2.3 2.3 0 1 0 0-4.6 2.3 2.3 0 0 0 0 4.6zM1.8 13.2c.3-2.6 2-4 4.2-4s3.9 1.4 4.2 4M10.6 7.3a2 2 0 1 0-.8-3.9M12 9.6c1.4.5 2.2 1.7 2.4 3.6',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  play: 'M5 3l8 5-8 5z',
  file: 'M4 2h5l3 3v9H4zM9 2v3h3',
  eye: 'M1.5 8S4 3.5 8 3.5 14.5 8 14.5 8 12 12.5 8 12.5 1.5 8 1.5 8zM8 10a2 2 0 1 0 0-4 2 2 0 0 0 0 4z',
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}

const SHAPES: Readonly<Record<StatusGroup, string>> = {
  open: 'M6 2a4 4 0 1 1-4 4',
  info: 'M6 4.8a1.2 1.2 0 1 0 0 2.4 1.2 1.2 0 0 0 0-2.4z',
  success: 'M6 2.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z',
  redirect: 'M2 6h7M6.5 3 9.5 6l-3 3',
  'client-error': 'M6 1.8 10.8 10H1.2z',
  'server-error': 'M2.2 2.2h7.6v7.6H2.2z',
  failed: 'M2.5 2.5l7 7M9.5 2.5l-7 7',
};

/** A shape for each group of statuses. */
export function StatusShape({ group }: { readonly group: StatusGroup }) {
  return (
    <svg class={`shape ${group}`} viewBox="0 0 12 12" width="10" height="10" aria-hidden="true">
      <path d={SHAPES[group]} />
    </svg>
  );
}

/** The mark of the edge's own pages. */
export function Door() {
  return (
    <svg class="door" width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
      <path d="M3.5 16.5V8a5.5 5.5 0 0 1 11 0v8.5zM1.5 16.5h15" />
      <circle cx="11.4" cy="10.5" r=".9" />
    </svg>
  );
}
