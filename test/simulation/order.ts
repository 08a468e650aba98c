import type { Asked } from './asked.js';
import type { Row } from './tables.js';
import type { World } from './world.js';

export const ORDER_EXCEPTIONS = ['overtaken while undecided', 'overtaken by a late statement'] as const;
export type OrderException = (typeof ORDER_EXCEPTIONS)[number];

/**
 * First come, first served: no later request of the same server for the same coupon may have taken a
 * unit ahead of a request that is decided now.
 * @returns what is wrong; undefined if nothing is.
 */
export function findOvertaking(
  world: World,
  first: Asked,
  later: readonly Asked[],
): { exception: OrderException | undefined; text: string } | undefined {
  for (const second of later) {
    if (second.user === first.user || !second.made || !isOvertaken(first, second.made)) continue;
    if (wasDecidedBefore(first, second.made)) continue;
    return {
      exception: explain(world, first, second.made),
      text: `request ${second.number} took a unit ahead of request ${first.number}, which was told ${first.told}`,
    };
  }
  return undefined;
}

function isOvertaken(first: Asked, { commit, number }: Row): boolean {
  if (first.told === 'claimed' || first.told === 'replayed') {
    return first.made !== undefined && first.made.number > number;
  }
  const decision = first.batches.at(-1)?.execution;
  return first.told === 'out_of_stock' && decision !== undefined && decision.snapshotCommit >= (commit ?? 0);
}

/**
 * Whether the first request had been decided when the row was made, and the answer was lost. Since
 * then, somebody else has changed the coupon.
 */
function wasDecidedBefore(first: Asked, made: Row): boolean {
  return first.batches.some(
    ({ execution }) =>
      execution?.isCommitted &&
      !execution.isAnswered &&
      execution.snapshotCommit < (made.commit ?? 0) &&
      execution.letterOf(first) !== 'u',
  );
}

/** Which of the exceptions of src/claims/README.md it is, if any. */
function explain(world: World, first: Asked, made: Row): OrderException | undefined {
  const winner = made.execution;
  if (!winner) return undefined;
  for (const batch of first.batches) {
    const run = batch.execution;
    if (!run) continue;
    const isAhead = run.session === winner.session && run.number <= winner.number;
    const isLate = winner.session.isAbandoned && !winner.isAnswered;
    if (isLate && isAhead && !run.isCommitted) return 'overtaken by a late statement';
    // The winner was under way when the request became undecided, because somebody else had changed
    // the coupon behind the back of its statement.
    const wasUndecided = batch.undecided.has(first) && winner.batch.startStep < (batch.endStep ?? 0);
    const isUndecided = isLate && isAhead && run.isCommitted && !run.isAnswered;
    if (!wasUndecided && !isUndecided) continue;
    const { versions } = world.postgres.coupon(first.coupon);
    const isChangedByOthers = versions.some(
      ({ commit, by }) => commit > run.snapshotCommit && commit < (made.commit ?? 0) && by !== run.session,
    );
    if (isChangedByOthers) return 'overtaken while undecided';
  }
  return undefined;
}
