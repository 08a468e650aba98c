/** Longer texts are not searched: a search takes up to 16 times as long as JSON.parse. */
const SEARCHED_LENGTH_MAX = 65_536;

/**
 * Finds where a text stops being JSON. It asks JSON.parse, whose messages name the position, except
 * if a character cannot start a value, as in `{"amount":x}`. Then it looks for the longest start of
 * the text that ends too early, but has no other fault.
 * @returns the index of the first character that cannot stand there, the length of the text if it ends
 *   too early, or undefined if the text is too long to be searched.
 */
export function findJsonError(text: string): number | undefined {
  const position = readPosition(text);
  if (position !== undefined || text.length > SEARCHED_LENGTH_MAX) return position;
  let start = 0;
  let faulty = text.length;
  while (faulty - start > 1) {
    const middle = (start + faulty) >> 1;
    if (readPosition(text.slice(0, middle)) === middle) start = middle;
    else faulty = middle;
  }
  return start;
}

/** Reads the position from the message of JSON.parse. Releases of Node.js from 20 to 24 word it alike. */
function readPosition(text: string): number | undefined {
  try {
    JSON.parse(text);
    return text.length;
  } catch (error) {
    const { message } = error as Error;
    if (message === 'Unexpected end of JSON input') return text.length;
    // At the end: other messages quote the text.
    const [, position] = / at position (\d+)(?: \(line \d+ column \d+\))?$/.exec(message) ?? [];
    return position === undefined ? undefined : Number(position);
  }
}
