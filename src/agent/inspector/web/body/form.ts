/** `application/x-www-form-urlencoded` as rows (URL standard, section 5.1). */

export type FormRow = readonly [name: string, value: string];

export const MAX_ROWS = 1_000;

export interface FormRows {
  readonly rows: readonly FormRow[];
  /** Rows beyond `MAX_ROWS`. */
  readonly leftOut: number;
}

export function parseForm(text: string): FormRows {
  const rows = [...new URLSearchParams(text.startsWith('?') ? `&${text}` : text)];
  return { rows: rows.slice(0, MAX_ROWS), leftOut: Math.max(0, rows.length - MAX_ROWS) };
}

/** The query of a path, as rows; none when there is no query. */
export function queryRows(path: string): readonly FormRow[] {
  const at = path.indexOf('?');
  return at < 0 ? [] : parseForm(path.slice(at + 1).replace(/#.*$/s, '')).rows;
}
