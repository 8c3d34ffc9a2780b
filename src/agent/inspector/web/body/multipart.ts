/** The parts of a multipart body (RFC 2046 section 5.1): their headers as text, their content as bytes. */

export interface Part {
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Of `Content-Disposition`. */
  readonly name: string | undefined;
  readonly fileName: string | undefined;
  readonly type: string | undefined;
  readonly content: Uint8Array;
  /** The body ends before the part does: only its beginning is here. */
  readonly isCut: boolean;
}

export const MAX_PARTS = 200;
const MAX_HEADERS = 32;

/** The boundary of a content type, or undefined when it has none that RFC 2046 allows. */
export function boundaryOf(contentType: string): string | undefined {
  const [, quoted, plain] = /;[ \t]*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(contentType) ?? [];
  return quoted ?? plain;
}

/** At most `MAX_PARTS` parts; none when the body has no such boundary. */
export function parseMultipart(body: Uint8Array, boundary: string): Part[] {
  // One character a byte, so that positions in the text are positions in the body.
  const text = new TextDecoder('windows-1252').decode(body);
  const parts: Part[] = [];
  let delimiter = nextDelimiter(text, boundary, 0);
  while (delimiter !== undefined && !delimiter.isLast && parts.length < MAX_PARTS) {
    const next = nextDelimiter(text, boundary, delimiter.end - 2);
    const end = Math.max(next?.at ?? body.length, delimiter.end);
    parts.push(readPart(body.subarray(delimiter.end, end), next === undefined));
    delimiter = next;
  }
  return parts;
}

interface Delimiter {
  /** Where the content before it ends. */
  readonly at: number;
  /** Where what follows begins. */
  readonly end: number;
  readonly isLast: boolean;
}

const AFTER = /(--)|[ \t]*\r\n/y;

function nextDelimiter(text: string, boundary: string, from: number): Delimiter | undefined {
  const line = `--${boundary}`;
  for (let at = from === 0 && text.startsWith(line) ? 0 : text.indexOf(`\r\n${line}`, from); at >= 0; ) {
    AFTER.lastIndex = at + line.length + (text.startsWith(line, at) ? 0 : 2);
    const match = AFTER.exec(text);
    if (match !== null) return { at, end: AFTER.lastIndex, isLast: match[1] !== undefined };
    at = text.indexOf(`\r\n${line}`, at + 1);
  }
  return undefined;
}

function readPart(bytes: Uint8Array, isCut: boolean): Part {
  const { head, bodyAt } = splitHead(bytes);
  const headers = head
    .split('\r\n')
    .slice(0, MAX_HEADERS)
    .flatMap((line): [string, string][] => {
      const colon = line.indexOf(':');
      return colon <= 0 ? [] : [[line.slice(0, colon), line.slice(colon + 1).trim()]];
    });
  const headerValue = (name: string) => headers.find(([one]) => one.toLowerCase() === name)?.[1];
  const disposition = headerValue('content-disposition') ?? '';
  return {
    headers,
    name: parameterOf(disposition, 'name'),
    fileName: parameterOf(disposition, 'filename'),
    type: headerValue('content-type')?.split(';')[0]?.trim().toLowerCase(),
    content: bytes.subarray(bodyAt),
    isCut,
  };
}

function splitHead(bytes: Uint8Array): { readonly head: string; readonly bodyAt: number } {
  const latin = new TextDecoder('windows-1252').decode(bytes.subarray(0, 16_384));
  if (latin.startsWith('\r\n')) return { head: '', bodyAt: 2 };
  const end = latin.indexOf('\r\n\r\n');
  if (end < 0) return { head: '', bodyAt: 0 };
  return { head: new TextDecoder().decode(bytes.subarray(0, end)), bodyAt: end + 4 };
}

// As browsers write it: `"` and line breaks as %22, %0D and %0A (HTML standard, multipart/form-data encoding).
function parameterOf(value: string, name: string): string | undefined {
  const [, quoted, plain] = new RegExp(`;[ \\t]*${name}=(?:"([^"]*)"|([^\\s;]*))`, 'i').exec(value) ?? [];
  return (quoted ?? plain)
    ?.replace(/%22/g, '"')
    .replace(/%0[dD]/g, '\r')
    .replace(/%0[aA]/g, '\n');
}
