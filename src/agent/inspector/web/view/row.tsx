/** One exchange as a row of the list. */
import type { Exchange } from '../../wire.js';
import { open } from '../state/actions.js';
import { timingWords } from '../words/timing.js';
import { clockText, durationText, sizeText } from '../words/units.js';
import { Icon } from './icons.js';
import { Status } from './parts.js';
import { RowBar } from './timing-bar.js';

export const COLUMNS = ['Status', 'Method', 'Tunnel', 'Path', 'Person', 'Type', 'Size', 'Time', 'At'] as const;

export interface RowProps {
  readonly row: Exchange;
  readonly index: number;
  readonly top: number;
  readonly isOpen: boolean;
  readonly isCursor: boolean;
  readonly isMarked: boolean;
  readonly hasTunnel: boolean;
  readonly slowestMs: number;
}

export function Row({ row, index, top, isOpen, isCursor, isMarked, hasTunnel, slowestMs }: RowProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the keys of the page do it, for the row that has the focus
    <div
      role="row"
      id={`row-${row.id}`}
      class={`row${isOpen ? ' open' : ''}${isMarked ? ' marked' : ''}`}
      aria-rowindex={index + 2}
      aria-selected={isOpen}
      tabIndex={isCursor ? 0 : -1}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => open(row.id)}
    >
      <span role="gridcell" class="c-status">
        <Status exchange={row} />
      </span>
      <span role="gridcell" class={`c-method${row.method === 'GET' ? ' get' : ''}`}>
        {row.method}
      </span>
      {hasTunnel && (
        <span role="gridcell" class="c-tunnel" title={row.tunnel}>
          {row.tunnel}
        </span>
      )}
      <Path row={row} isMarked={isMarked} />
      <span role="gridcell" class="c-person" title={row.person ?? ''}>
        {row.person ?? <span class="none">public</span>}
      </span>
      <span role="gridcell" class="c-type" title={row.type ?? ''}>
        {shortType(row)}
      </span>
      <span role="gridcell" class="c-size">
        {row.responseBytes > 0 ? sizeText(row.responseBytes) : ''}
      </span>
      <span role="gridcell" class="c-time" title={timingWords(row.timing)}>
        <RowBar exchange={row} slowestMs={slowestMs} />
        <span>{row.state === 'open' ? <i class="running">running</i> : durationText(row.timing.totalMs)}</span>
      </span>
      <span role="gridcell" class="c-at">
        {clockText(row.startedAt)}
      </span>
    </div>
  );
}

function Path({ row, isMarked }: { readonly row: Exchange; readonly isMarked: boolean }) {
  const at = row.path.indexOf('?');
  const path = at < 0 ? row.path : row.path.slice(0, at);
  return (
    <span role="gridcell" class="c-path" title={row.path}>
      {row.pinned && <Sign icon="pin" label="pinned" />}
      {row.replayOf !== null && <Sign icon="replay" label="replay" />}
      {row.kind === 'websocket' && <Sign icon="socket" label="WebSocket" />}
      {row.kind === 'events' && <Sign icon="events" label="event stream" />}
      {isMarked && <Sign icon="compare" label="marked for comparison" />}
      <span class="path">
        {path}
        {at >= 0 && <span class="query">{row.path.slice(at)}</span>}
      </span>
      {row.operation !== null && <span class="operation">{row.operation}</span>}
      {row.note !== '' && <span class="note">{row.note}</span>}
    </span>
  );
}

function Sign({
  icon,
  label,
}: {
  readonly icon: 'pin' | 'replay' | 'socket' | 'events' | 'compare';
  readonly label: string;
}) {
  return (
    <span class="mark" title={label}>
      <Icon name={icon} />
      <span class="heard">{label}</span>
    </span>
  );
}

// `json` for `application/json`, `svg+xml`, `javascript`.
function shortType({ kind, type }: Exchange): string {
  if (kind === 'websocket') return 'websocket';
  return (type ?? '')
    .replace(/^(?:application|text|image|font|audio|video|multipart)\//, '')
    .replace(/^(?:x-|vnd\.)/, '');
}
