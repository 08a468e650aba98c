import type { Explanation } from './find.js';
import type { Plan } from './plan.js';

/** A violation in words, with the command that runs its history again. */
export function reportViolation(
  { plan, violation, story }: Explanation,
  seed: number,
  bug: string | undefined,
): string {
  const replay = `npm run test:simulation -- --histories 1 --seed ${seed}${bug ? ` --bug '${bug}'` : ''}`;
  return [
    `The history of the seed ${seed} breaks a promise. Shrunk, it is:`,
    '',
    ...describeSetting(plan),
    ...story,
    '',
    `Broken: ${violation.promise}. ${capitalize(violation.text)}.`,
    `Run it again: ${replay}`,
  ].join('\n');
}

function describeSetting({
  coupons,
  servers,
  lanes,
  batchSizeMax,
  aheadSizeMin,
  waitingMax,
}: Plan): string[] {
  return [
    `${count(servers, 'server')} with ${count(lanes, 'lane')}${servers > 1 ? ' each' : ''}. A batch has up to ` +
      `${count(batchSizeMax, 'request')}, one of ${aheadSizeMin} or more is sent ahead, and up to ` +
      `${count(waitingMax, 'request')} may wait.`,
    `Coupons: ${coupons.map(({ name, amount }) => `${name} with ${count(amount, 'unit')}`).join(', ') || 'none'}.`,
    '',
  ];
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
