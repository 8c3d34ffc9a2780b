/** A body by what it is: JSON as a tree, a form and multipart parts as rows, an image, text, or bytes. Never as a document. */
import { useSignal } from '@preact/signals';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { parseForm } from '../body/form.js';
import { hexRowCount, hexRows } from '../body/hex.js';
import { type BodyKind, bodyKind, isImageType, mediaTypeOf } from '../body/kind.js';
import { boundaryOf, type Part, parseMultipart } from '../body/multipart.js';
import { countText, sizeText } from '../words/units.js';
import { JsonBody } from './json-body.js';
import { Choice, CopyButton } from './parts.js';
import { Pairs } from './sides.js';
import { Text } from './text.js';

type View = 'pretty' | 'text' | 'hex';

export interface BodyViewProps {
  readonly bytes: Uint8Array;
  readonly contentType: string | null;
  /** Only its beginning was kept. */
  readonly isCut: boolean;
}

const PRETTY: Readonly<Partial<Record<BodyKind, string>>> = {
  json: 'Tree',
  form: 'Fields',
  multipart: 'Parts',
  image: 'Image',
};

export function BodyView({ bytes, contentType, isCut }: BodyViewProps) {
  const kind = bodyKind(contentType, bytes);
  const pretty = PRETTY[kind];
  const chosen = useSignal<View>(pretty === undefined ? (kind === 'binary' ? 'hex' : 'text') : 'pretty');
  const text = useMemo(() => new TextDecoder().decode(bytes), [bytes]);
  const options = [
    ...(pretty === undefined ? [] : [['pretty', pretty] as const]),
    ['text', 'Text'],
    ['hex', 'Hex'],
  ] as const;
  return (
    <>
      <div class="view-choice">
        <Choice label="View" options={options} chosen={chosen.value} onChoose={(view) => (chosen.value = view)} />
        <CopyButton text={text} what="body" />
      </div>
      {chosen.value === 'text' && <Text text={text} />}
      {chosen.value === 'hex' && <Hex bytes={bytes} />}
      {chosen.value === 'pretty' && kind === 'json' && <JsonBody text={text} isCut={isCut} />}
      {chosen.value === 'pretty' && kind === 'form' && <Form text={text} />}
      {chosen.value === 'pretty' && kind === 'multipart' && <Parts bytes={bytes} contentType={contentType ?? ''} />}
      {chosen.value === 'pretty' && kind === 'image' && <Image bytes={bytes} type={mediaTypeOf(contentType)} />}
    </>
  );
}

function Form({ text }: { readonly text: string }) {
  const { rows, leftOut } = parseForm(text);
  return (
    <>
      <Pairs title="Fields" rows={rows} />
      {leftOut > 0 && <p class="none">and {countText(leftOut, 'field')} more</p>}
    </>
  );
}

function Parts({ bytes, contentType }: { readonly bytes: Uint8Array; readonly contentType: string }) {
  const boundary = boundaryOf(contentType);
  const parts = boundary === undefined ? [] : parseMultipart(bytes, boundary);
  if (parts.length === 0)
    return <p class="none">No parts were found: the boundary is missing, or is not in the body.</p>;
  return (
    <ol class="parts">
      {parts.map((part, at) => (
        <PartView key={at} part={part} />
      ))}
    </ol>
  );
}

function PartView({ part }: { readonly part: Part }) {
  return (
    <li>
      <h4>
        {part.name ?? 'part'}
        <span class="count">
          {[part.fileName, part.type, sizeText(part.content.length) + (part.isCut ? ', cut' : '')]
            .filter(Boolean)
            .join(' · ')}
        </span>
      </h4>
      <BodyView bytes={part.content} contentType={part.type ?? null} isCut={part.isCut} />
    </li>
  );
}

function Image({ bytes, type }: { readonly bytes: Uint8Array; readonly type: string }) {
  const [url, setUrl] = useState<string>();
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    const made = URL.createObjectURL(new Blob([bytes.slice()], { type: isImageType(type) ? type : '' }));
    setUrl(made);
    setFailed(false);
    return () => URL.revokeObjectURL(made);
  }, [bytes, type]);
  if (failed) return <p class="none">The browser cannot show it: it is no {type}, or only a part of it was kept.</p>;
  return url === undefined ? null : (
    <img class="picture" src={url} alt="Body of the message" onError={() => setFailed(true)} />
  );
}

const HEX_ROWS = 256;

function Hex({ bytes }: { readonly bytes: Uint8Array }) {
  const [shown, setShown] = useState(HEX_ROWS);
  const more = hexRowCount(bytes) - shown;
  return (
    <>
      <pre class="hex">
        {hexRows(bytes, 0, shown)
          .map(({ offset, bytes: pairs, text }) => `${offset}  ${pairs}  ${text}`)
          .join('\n')}
      </pre>
      {more > 0 && (
        <button type="button" class="link" onClick={() => setShown(shown + HEX_ROWS * 4)}>
          Show more ({countText(more, 'row')})
        </button>
      )}
    </>
  );
}
