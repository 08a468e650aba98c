import type { Consumer } from './consumer.js';
import type { Call } from './explain.js';
import type { Found } from './find.js';
import type { Seen } from './seen.js';
import { remainingOf, type State, stateOf, windowWords } from './state.js';

/** Words for what is wrong. */

export function describeUnexplained(before: State[], calls: Call[]): string {
  const lines = [...calls]
    .sort((a, b) => a.start - b.start)
    .map((call) => {
      const moments = calls.length === 1 ? '' : ` (from ${call.start} to ${call.end})`;
      return `  server ${call.server + 1}: ${call.operation.words}${moments}: ${describeSeen(call.seen)}`;
    });
  const expected = calls.length === 1 ? expectedWords(before, calls[0]!) : [];
  return [
    calls.length === 1 ? 'The model answers otherwise:' : 'No order explains these answers:',
    ...lines,
    ...expected,
    'Before, the coupons are:',
    ...before.slice(0, 3).map(describeState),
  ].join('\n');
}

function expectedWords(before: State[], call: Call): string[] {
  return before.slice(0, 3).map((state) => {
    const copy: State = JSON.parse(JSON.stringify({ ...state, walks: {} }));
    return `  expected: ${describeSeen(call.operation.decide(copy, call.walk, call.seen))}`;
  });
}

export function describeWrongLog(states: State[], consumer: Consumer): string {
  return `The log is\n${describeLog(consumer.log)}\nand the model has\n${states
    .slice(0, 3)
    .map(({ log }) => describeLog(log))
    .join('\nor\n')}`;
}

export function describeLog(log: State['log']): string {
  return Object.entries(log)
    .map(([coupon, events]) => `  ${coupon}: ${events.join(', ')}`)
    .join('\n');
}

function describeSeen({ status, code, headers, body, hasNext }: Seen): string {
  const parts = [
    status,
    code,
    headers && JSON.stringify(headers),
    body !== undefined && JSON.stringify(body),
    hasNext && 'and a next page',
  ];
  return parts.filter(Boolean).join(' ');
}

function describeState({ coupons }: State): string {
  const lines = Object.entries(coupons).map(([name, coupon]) => {
    const claims = (list: { user: string; key: string | null }[]) =>
      list.map(({ user, key }) => user + (key ? ` (${key})` : '')).join(', ') || 'nobody';
    return (
      `  ${name}: ${stateOf(coupon)}, ${remainingOf(coupon)} of ${coupon.amount} left${windowWords(coupon)}, ` +
      `held by ${claims(coupon.claims)}, released by ${claims(coupon.released)}`
    );
  });
  return lines.join('\n') || '  none';
}

/** A failure in words, with the command that plays its history again. */
export function describeFound({ seed, path, failure, copies }: Found): string {
  const when =
    copies === undefined
      ? 'It fails beside other histories, and did not fail again alone'
      : `It fails ${copies === 1 ? 'alone' : `beside copies of itself, ${copies} at the same time`}, and is as small as possible`;
  return [
    `A history of the seed ${seed} goes wrong. ${when}:`,
    '',
    ...failure.story,
    '',
    failure.message,
    '',
    `Play it again: npm run test:model -- --seed ${seed} --path ${path}`,
  ].join('\n');
}

/** How often each operation had each answer. */
export function describeCounts(counts: Record<string, number>): string {
  const lines = Object.entries(counts).sort(([a], [b]) => a.localeCompare(b));
  return lines.map(([answer, count]) => `${String(count).padStart(10)}  ${answer}`).join('\n');
}
