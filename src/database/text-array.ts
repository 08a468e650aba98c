export const TEXT_ARRAY_OID = 1009;

/**
 * A `text[]` in PostgreSQL's text format. A text is one already: when postgres.js repeats a query whose
 * prepared statement is gone, it serializes the parameters again.
 */
export function textArray(texts: readonly (string | null)[] | string): string {
  if (typeof texts === 'string') return texts;
  return `{${texts.map((text) => (text === null ? 'null' : `"${escaped(text)}"`)).join(',')}}`;
}

/** A text without special characters stays as it is: looking for one costs a third of replacing none. */
function escaped(text: string): string {
  return /["\\]/.test(text) ? text.replace(/["\\]/g, '\\$&') : text;
}
