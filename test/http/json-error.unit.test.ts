import fc from 'fast-check';
import t from 'tap';
import { findJsonError } from '../../src/http/json-error.js';

const RUNS = 5_000;

/** JSON with one piece changed, so that most of it is no longer JSON. */
const brokenJson = fc
  .tuple(
    fc.json({ maxDepth: 4 }),
    fc.nat(),
    fc.nat({ max: 3 }),
    fc.constantFrom('', ...'{}[]",:\\01-+.eEtfnu \n\t\x01', 'null', '1e', '\\u12', 'NaN', '🎟'),
  )
  .map(([json, at, removed, added]) => {
    const start = at % (json.length + 1);
    return json.slice(0, start) + added + json.slice(start + removed);
  })
  .filter((text) => {
    try {
      JSON.parse(text);
      return false;
    } catch {
      return true;
    }
  });

t.test(
  'what stands before the position only ends too early, and the next character is the fault',
  async (t) => {
    fc.assert(
      fc.property(brokenJson, (text) => {
        const position = findJsonError(text) as number;
        return (
          findJsonError(text.slice(0, position)) === position &&
          (position === text.length || findJsonError(text.slice(0, position + 1)) === position)
        );
      }),
      { numRuns: RUNS },
    );
    t.pass();
  },
);

t.test('a long text is not searched', async (t) => {
  const spaces = ' '.repeat(65_535);
  t.equal(findJsonError(`${spaces}x`), 65_535);
  t.equal(findJsonError(`${spaces} x`), undefined);
  t.equal(findJsonError(`${spaces} {x`), 65_537, 'JSON.parse names this position');
});
