import { BooksWrong, claim } from './books.js';
import type { Server } from './servers.js';
import type { Step } from './step.js';
import type { LoadResult } from './tally.js';
import type { Traffic } from './traffic.js';

/** Claims the single unit of each coupon. */
export async function sellOut(server: Server, step: Step, traffic: Traffic): Promise<number> {
  const seller = { ...traffic, userPrefix: `${traffic.userPrefix}first-` };
  for (let coupon = 0; coupon < step.coupons; coupon++) {
    const { status } = await claim(server.url, seller, coupon, 0);
    if (status !== 200)
      throw new BooksWrong(`${step.label}: the first claim of a coupon was answered ${status}`);
  }
  return step.coupons;
}

/** @throws BooksWrong when there was an answer that the step does not allow, or none at all. */
export function checkAnswers(where: string, step: Step, result: LoadResult): void {
  const wrong: string[] = [];
  if (result.errors > 0) wrong.push(`${result.errors} network errors`);
  if (result.answers === 0) wrong.push('no answer');
  for (const [status, count] of Object.entries(result.statuses)) {
    if (!step.expected.statuses.includes(Number(status))) wrong.push(`${count} answers ${status}`);
  }
  const claims = result.statuses[200] ?? 0;
  if (step.claimsExactly !== undefined && claims !== step.claimsExactly) {
    wrong.push(`${claims} answers 200 instead of ${step.claimsExactly}`);
  }
  if (wrong.length > 0) throw new BooksWrong(`${where}: ${wrong.join(', ')}`);
}

/** A status alone does not tell sold out from a request that is not valid: one more claim, and what it is told. */
export async function checkRefusal(
  where: string,
  step: Step,
  server: Server,
  traffic: Traffic,
): Promise<void> {
  const { refusal } = step.expected;
  if (!refusal) return;
  const latest = {
    ...traffic,
    userPrefix: refusal === 'out_of_stock' ? `${traffic.userPrefix}late-` : traffic.userPrefix,
  };
  const { code } = await claim(server.url, latest, 0, 0);
  if (code !== refusal)
    throw new BooksWrong(`${where}: the code of a refusal is ${code} instead of ${refusal}`);
}
