import type { Operation } from '../history.js';
import type { Facts, Violation } from './facts.js';

/** What a well-formed request may be told. */
const ANSWERS: Record<Operation['kind'], string[]> = {
  claim: ['200', '400 out_of_stock', '404 coupon_not_found', '409 already_claimed'],
  look_up: ['200', '404 claim_not_found', '404 coupon_not_found'],
  create: ['201', '409 coupon_exists'],
  read: ['200', '404 coupon_not_found'],
};

/** Every answer is one that the contract has for this case; a 503 says when to come back. */
export function answersKeepToTheContract({ history }: Facts): Violation[] {
  return history.operations.flatMap(({ id, kind, answer }) => {
    if (!answer) return [];
    const { status, code, deviations = [], retryAfterSeconds } = answer;
    const told = code ? `${status} ${code}` : `${status}`;
    const sentences = [...deviations];
    if (status !== 503 && !ANSWERS[kind].includes(told)) sentences.push(`it was told ${told}`);
    if (status === 503 && retryAfterSeconds === undefined) sentences.push('a 503 came without Retry-After');
    return sentences.map((sentence) => ({ sentence: `${kind}: ${sentence}`, operations: [id] }));
  });
}

/** Every answer comes in bounded time. */
export function answersAreBounded({ history }: Facts): Violation[] {
  const { answerMs } = history.bounds;
  return history.operations.flatMap(({ id, kind, startedAt, endedAt }) => {
    if (endedAt === undefined) return [{ sentence: `a ${kind} was never answered`, operations: [id] }];
    const ms = endedAt - startedAt;
    return ms <= answerMs
      ? []
      : [{ sentence: `a ${kind} took ${Math.round(ms)} ms to be answered`, operations: [id] }];
  });
}

/** The services recover, and every client learns the truth, in bounded time. */
export function clientsEndWithTheTruth({ history, claims, rowOf }: Facts): Violation[] {
  const { ends, recoveredAt, bounds } = history;
  const violations: Violation[] = [];
  if (recoveredAt === undefined) {
    violations.push({ sentence: 'the services did not become healthy after the last fault', operations: [] });
  }
  for (const { client, coupon, user, startedAt, endedAt, verdict } of ends) {
    const add = (sentence: string) =>
      violations.push({
        sentence: `${user} ${sentence} (${coupon})`,
        operations: claims.filter((claim) => claim.client === client).map(({ id }) => id),
      });
    const isHeld = rowOf(coupon, user) !== undefined;
    if (verdict === 'holds' && !isHeld) add('believes to hold one, and holds none');
    if (verdict === 'refused' && isHeld) add('believes to hold none, and holds one');
    const deadline = Math.max(recoveredAt ?? 0, startedAt) + bounds.endMs;
    if (endedAt === undefined) add('never learned the truth');
    else if (endedAt > deadline) add(`learned the truth only after ${Math.round(endedAt - startedAt)} ms`);
  }
  const known = new Set(ends.map(({ client }) => client));
  const lost = claims.filter(({ client }) => !known.has(client));
  return [
    ...violations,
    ...lost.map(({ id, user }) => ({ sentence: `${user} never ended`, operations: [id] })),
  ];
}
