/** What the address says after its hash: the filter and the open exchange, and once the key with which the page was opened. */

export interface Address {
  readonly key: string | undefined;
  readonly filter: string;
  readonly open: string | null;
}

export function readAddress(hash: string): Address {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  return { key: fields.get('key') ?? undefined, filter: fields.get('filter') ?? '', open: fields.get('open') };
}

/** Never with the key. Empty when there is nothing to say. */
export function writeAddress({ filter, open }: Pick<Address, 'filter' | 'open'>): string {
  const fields = new URLSearchParams();
  if (filter !== '') fields.set('filter', filter);
  if (open !== null) fields.set('open', open);
  const text = fields.toString();
  return text === '' ? '' : `#${text}`;
}
