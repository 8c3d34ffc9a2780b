/** Reads the forms of an HTML page, as far as the pages of the edge and of the test provider go. */

/** One form, ready to be posted. */
export interface Form {
  readonly method: 'GET' | 'POST';
  readonly action: URL;
  /** Hidden inputs: name and value. */
  readonly fields: readonly (readonly [string, string])[];
  /** Buttons that have a name. */
  readonly buttons: readonly (readonly [string, string])[];
}

/** The forms of a page that was loaded from `url`, in order. */
export function readForms(html: string, url: string): Form[] {
  return [...html.matchAll(/<form\b([^>]*)>(.*?)<\/form>/gis)].map(([, head = '', body = '']) => ({
    method: attribute(head, 'method')?.toUpperCase() === 'POST' ? 'POST' : 'GET',
    action: new URL(attribute(head, 'action') ?? '', url),
    fields: named(body, 'input'),
    buttons: named(body, 'button'),
  }));
}

/** Whether a page posts its first form by itself as soon as it is shown. */
export function postsItself(html: string): boolean {
  return /<script>[^<]*document\.forms\[0\]\.submit\(\)/.test(html);
}

function named(html: string, tag: string): [string, string][] {
  return [...html.matchAll(new RegExp(`<${tag}\\b([^>]*)>`, 'gi'))].flatMap(([, head = '']) => {
    const name = attribute(head, 'name');
    return name === undefined ? [] : [[name, attribute(head, 'value') ?? ''] as [string, string]];
  });
}

function attribute(head: string, name: string): string | undefined {
  const match = new RegExp(`\\b${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)')`, 'i').exec(head);
  const text = match?.[1] ?? match?.[2];
  return text === undefined ? undefined : unescapeHtml(text);
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The text behind the character references of HTML. */
export function unescapeHtml(text: string): string {
  return text.replace(/&(?:#x([0-9a-f]+)|#(\d+)|(\w+));/gi, (whole, hex, decimal, name) => {
    if (name !== undefined) return NAMED[name] ?? whole;
    return String.fromCodePoint(hex === undefined ? Number(decimal) : Number.parseInt(hex, 16));
  });
}
