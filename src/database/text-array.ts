export const TEXT_ARRAY_OID = 1009;

/** A `text[]` in PostgreSQL's text format. */
export function textArray(texts: readonly (string | null)[]): string {
  const elements = texts.map((text) => (text === null ? 'null' : `"${text.replace(/["\\]/g, '\\$&')}"`));
  return `{${elements.join(',')}}`;
}
