/** JSON as a tree that opens where a person looks, five hundred children at a time; or where it is not JSON. */
import { useMemo, useState } from 'preact/hooks';
import { findJsonError, jsonPage, jsonValueEnd, skipSpace } from '../body/json-scan.js';
import { lineOf } from '../body/position.js';
import { CopyButton } from './parts.js';
import { Text } from './text.js';

const PAGE = 500;
const MAX_SCALAR = 2_000;
const CONTEXT = 400;
// Small values are open from the start, down to this depth.
const OPEN_DEPTH = 2;
const OPEN_CHARS = 2_000;

export function JsonBody({ text, isCut }: { readonly text: string; readonly isCut: boolean }) {
  const error = useMemo(() => findJsonError(text), [text]);
  if (error !== undefined) {
    const { line, column } = lineOf(text, error.at);
    return (
      <>
        <p class="problem">
          {isCut && error.at >= text.length
            ? 'Only its beginning was kept, so it cannot be shown as a tree.'
            : `Not JSON: ${error.message}, at line ${line}, column ${column}.`}
        </p>
        {isCut && error.at >= text.length ? <Text text={text} /> : <Marked text={text} at={error.at} />}
      </>
    );
  }
  const at = skipSpace(text, 0);
  return (
    <div class="json">
      <Value text={text} at={at} end={jsonValueEnd(text, at)} depth={0} />
    </div>
  );
}

function Marked({ text, at }: { readonly text: string; readonly at: number }) {
  const from = Math.max(0, at - CONTEXT);
  return (
    <pre class="text">
      {from > 0 && '…'}
      {text.slice(from, at)}
      <mark>{text[at] === '\n' || text[at] === undefined ? '↵' : text[at]}</mark>
      {text.slice(at + 1, at + CONTEXT)}
      {at + CONTEXT < text.length && '…'}
    </pre>
  );
}

interface ValueProps {
  readonly text: string;
  readonly at: number;
  readonly end: number;
  readonly depth: number;
  readonly name?: string | undefined;
}

function Value({ text, at, end, depth, name }: ValueProps) {
  const opening = text[at] as string;
  if (opening !== '{' && opening !== '[') return <Scalar text={text.slice(at, end)} name={name} />;
  return <Container text={text} at={at} end={end} depth={depth} name={name} />;
}

function Container({ text, at, end, depth, name }: ValueProps) {
  const [isOpen, setOpen] = useState(depth === 0 || (depth <= OPEN_DEPTH && end - at < OPEN_CHARS));
  const [shown, setShown] = useState(PAGE);
  const isObject = text[at] === '{';
  const { children, total } = useMemo(() => jsonPage(text, at, 0, isOpen ? shown : 0), [text, at, isOpen, shown]);
  const ending = isObject ? '}' : ']';
  const size = isObject ? (total === 1 ? '1 key' : `${total} keys`) : total === 1 ? '1 item' : `${total} items`;
  return (
    <div class="container">
      <details open={isOpen} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          <Name name={name} />
          <span class="brace">{isOpen ? text[at] : `${text[at]}…${ending}`}</span> <span class="count">{size}</span>
        </summary>
        {isOpen && (
          <div class="children">
            {children.map((child, index) => (
              <Value
                key={child.at}
                text={text}
                at={child.at}
                end={child.end}
                depth={depth + 1}
                name={child.key ?? String(index)}
              />
            ))}
            {total > shown && (
              <button type="button" class="link" onClick={() => setShown(shown + PAGE)}>
                Show {Math.min(PAGE, total - shown)} more of {total}
              </button>
            )}
          </div>
        )}
      </details>
      <CopyButton text={text.slice(at, end)} what="value" />
    </div>
  );
}

function Scalar({ text, name }: { readonly text: string; readonly name: string | undefined }) {
  const [isWhole, setWhole] = useState(false);
  const isLong = text.length > MAX_SCALAR && !isWhole;
  return (
    <div class="member">
      <Name name={name} />
      <span class={classOf(text)}>{isLong ? `${text.slice(0, MAX_SCALAR)}…` : text}</span>
      {isLong && (
        <button type="button" class="link" onClick={() => setWhole(true)}>
          Show all
        </button>
      )}
      <CopyButton text={unquoted(text)} what="value" />
    </div>
  );
}

function Name({ name }: { readonly name: string | undefined }) {
  if (name === undefined) return null;
  return <span class={name.startsWith('"') ? 'name' : 'name index'}>{name.replace(/^"|"$/g, '')}:</span>;
}

function classOf(text: string): string {
  if (text.startsWith('"')) return 'string';
  return /^[tfn]/.test(text) ? 'word' : 'number';
}

function unquoted(text: string): string {
  return text.startsWith('"') ? (JSON.parse(text) as string) : text;
}
