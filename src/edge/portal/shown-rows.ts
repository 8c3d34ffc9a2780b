/**
 * How much of each section a page shows, by its query: fifty rows, and a hundred more with each click on the link below them.
 * The forms of the page keep it.
 */
import type { Block, Row } from '../replies/page.js';
import type { VisitRequest } from '../request/visit.js';
import { queryParam } from '../routes/session.js';

/** Rows of a section at first, and with each click. */
export const FIRST_ROWS = 50;
const MORE_ROWS = 100;

// The most that a section of a page can have.
const MAX_ROWS = 10_000;

export class ShownRows<Section extends string> {
  /** The address of the page as it is shown: its path and its query. */
  readonly here: string;
  readonly #path: string;
  readonly #counts: ReadonlyMap<string, number>;

  constructor(visit: Pick<VisitRequest, 'path'>, path: string, sections: readonly Section[]) {
    this.#path = path;
    this.#counts = new Map(
      sections.flatMap((section) => {
        const count = readCount(queryParam(visit, section));
        return count > FIRST_ROWS ? [[section, count] as const] : [];
      }),
    );
    this.here = this.#address(this.#counts);
  }

  /** A section with its heading: its first rows, and the link to more of them; nothing where it has no rows. */
  section<T>(section: Section, heading: string, items: readonly T[], rowOf: (item: T) => Row): Block[] {
    if (items.length === 0) return [];
    const count = this.#counts.get(section) ?? FIRST_ROWS;
    const left = items.length - count;
    const more = new Map([...this.#counts, [section, count + MORE_ROWS] as const]);
    return [
      { kind: 'heading', text: heading, id: section },
      { kind: 'rows', rows: items.slice(0, count).map(rowOf) },
      ...(left > 0 ? [moreLink(`Show more (${left} left)`, `${this.#address(more)}#${section}`)] : []),
    ];
  }

  #address(counts: ReadonlyMap<string, number>): string {
    const query = new URLSearchParams(
      Object.fromEntries([...counts].map(([section, count]) => [section, String(count)])),
    );
    return counts.size === 0 ? this.#path : `${this.#path}?${query}`;
  }
}

/** A link below a list to what it does not show. */
function moreLink(label: string, href: string): Block {
  return { kind: 'more', label, href };
}

function readCount(text: string | undefined): number {
  const count = text !== undefined && /^\d{1,5}$/.test(text) ? Number(text) : FIRST_ROWS;
  return Math.min(Math.max(count, FIRST_ROWS), MAX_ROWS);
}
