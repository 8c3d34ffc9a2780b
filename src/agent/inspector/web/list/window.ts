/** Which rows of a long list are in the document: those in sight and a few on each side. All rows are of one height. */

export interface View {
  readonly top: number;
  readonly height: number;
  readonly rowHeight: number;
}

export interface Slice {
  readonly from: number;
  readonly to: number;
}

const BEYOND = 8;

export function visibleSlice({ top, height, rowHeight }: View, count: number): Slice {
  const from = Math.max(0, Math.min(count, Math.floor(top / rowHeight) - BEYOND));
  return { from, to: Math.min(count, Math.ceil((top + height) / rowHeight) + BEYOND) };
}

/** Where to scroll so that a row is wholly in sight; undefined when it is. */
export function topToShow({ top, height, rowHeight }: View, index: number): number | undefined {
  const start = index * rowHeight;
  if (start < top) return start;
  return start + rowHeight > top + height ? start + rowHeight - height : undefined;
}

export interface Anchor {
  readonly id: string;
  /** How far the row's upper edge is above the upper edge of the view. */
  readonly offset: number;
}

/** The first row in sight, which stays where it is when others come before it. */
export function anchorOf(ids: readonly string[], { top, rowHeight }: View): Anchor | undefined {
  const index = Math.floor(top / rowHeight);
  const id = ids[index];
  return id === undefined ? undefined : { id, offset: top - index * rowHeight };
}
