import type { Operation } from './history.js';
import type { FaultKind } from './plan.js';
import type { Run } from './run-plan.js';

const VIOLATIONS_MAX = 10;
const OPERATIONS_MAX = 8;

/** What happened in all runs together. */
export class Totals {
  runs = 0;
  failed = 0;
  claims = 0;
  /** Claims that were sent again. */
  retries = 0;
  /** Answers that were lost, and 503. */
  lost = 0;
  unavailable = 0;
  unknown = 0;
  readonly faults = new Map<FaultKind, number>();
  readonly skipped = new Map<string, number>();

  add(run: Run | undefined, isGood: boolean): void {
    this.runs++;
    if (!isGood) this.failed++;
    if (!run) return;
    const claims = run.history.operations.filter((operation) => operation.kind === 'claim');
    this.claims += claims.length;
    this.retries += claims.length - new Set(claims.map(({ client }) => client)).size;
    this.lost += claims.filter(({ lost }) => lost !== undefined).length;
    this.unavailable += claims.filter(({ answer }) => answer?.status === 503).length;
    this.unknown += claims.filter(({ answer }) => answer?.code === 'outcome_unknown').length;
    for (const kind of run.faults) this.faults.set(kind, (this.faults.get(kind) ?? 0) + 1);
    for (const words of run.missing) this.skipped.set(words, (this.skipped.get(words) ?? 0) + 1);
  }
}

export function describeTotals(totals: Totals): string[] {
  const { runs, failed, claims, retries, lost, unavailable, unknown, faults, skipped } = totals;
  const counts = [...faults].sort(([a], [b]) => a.localeCompare(b));
  return [
    `${runs} runs, ${failed} with a violation`,
    `${claims} claims were sent, ${retries} of them again: ${lost} answers were lost, ${unavailable} were 503, ${unknown} of those outcome_unknown`,
    `faults: ${counts.map(([kind, count]) => `${count} ${kind}`).join(', ')}`,
    ...[...skipped].map(([words, count]) => `skipped ${count} times: ${words}`),
  ];
}

/** The violations of a run, with the operations that show them. */
export function describeViolations({ history, violations }: Run): string[] {
  const lines = violations
    .slice(0, VIOLATIONS_MAX)
    .flatMap(({ rule, sentence, operations }) => [
      `${rule}: ${sentence}`,
      ...operations.slice(0, OPERATIONS_MAX).map((id) => `  ${describeOperation(history.operations[id])}`),
    ]);
  const more = violations.length - VIOLATIONS_MAX;
  return more > 0 ? [...lines, `and ${more} more`] : lines;
}

function describeOperation(operation: Operation | undefined): string {
  if (!operation) return 'an operation that is not on record';
  const { id, kind, coupon, service, startedAt, endedAt, answer, lost } = operation;
  const user = 'user' in operation ? `, ${operation.user}` : '';
  const key = 'key' in operation ? `, key ${operation.key}` : '';
  const replayed = answer && 'isReplayed' in answer ? ' replayed' : '';
  const outcome = answer ? `${answer.status} ${answer.code ?? ''}${replayed}` : (lost ?? 'no answer');
  const times = `${Math.round(startedAt)} to ${Math.round(endedAt ?? Number.NaN)} ms`;
  return `#${id} ${kind} (${coupon}${user}${key}) at service ${service}, ${times}: ${outcome}`;
}
