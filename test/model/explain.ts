import { isDeepStrictEqual } from 'node:util';
import type { Operation } from './operation.js';
import type { Seen } from './seen.js';
import type { State } from './state.js';

/** A request that was answered. Start and end are moments of one clock. */
export interface Call {
  operation: Operation;
  server: number;
  /** Of a list in pages. Its calls have the same number. */
  walk: number;
  start: number;
  end: number;
  seen: Seen;
}

/**
 * Looks for orders of calls in which the model gives the answers that were seen. A call comes before another
 * one that began after its end. This is the search of Wing and Gong (Testing and Verifying Concurrent
 * Objects, 1993), which looks at each state once.
 * @param before the states that the service may be in.
 * @returns the states that it may be in afterwards: none if no order explains the answers.
 */
export function explain(before: readonly State[], calls: readonly Call[]): State[] {
  const found = new Set<string>();
  const visited = new Set<string>();

  const search = (text: string, left: readonly Call[]): void => {
    if (left.length === 0) {
      found.add(text);
      return;
    }
    const place = `${left.map((call) => calls.indexOf(call))} ${text}`;
    if (visited.has(place)) return;
    visited.add(place);
    const firstEnd = Math.min(...left.map(({ end }) => end));
    const branches: [text: string, left: Call[]][] = [];
    for (const call of left) {
      if (call.start > firstEnd) continue;
      const state: State = JSON.parse(text);
      if (!isDeepStrictEqual(call.operation.decide(state, call.walk, call.seen), call.seen)) continue;
      const after = JSON.stringify(state);
      const rest = left.filter((other) => other !== call);
      // A call that changes nothing may as well come now: an order that has it later is one with it here,
      // too. Not so a change of a coupon to what it is: its answer does not tell whether it changed
      // something.
      if (after === text && call.operation.operationId !== 'changeCoupon') {
        search(text, rest);
        return;
      }
      branches.push([after, rest]);
    }
    for (const branch of branches) search(...branch);
  };

  for (const state of before) search(JSON.stringify({ ...state, walks: {} }), calls);
  return [...found].map((text) => ({ ...(JSON.parse(text) as State), walks: {} }));
}
