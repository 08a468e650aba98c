import type { Answer, ClaimOperation } from '../history.js';
import type { Client } from './client.js';

export const MANY_PATH = '/api/claims';

/** A claim of a request with many. */
export type Wanted = Pick<ClaimOperation, 'client' | 'coupon' | 'user' | 'key' | 'arrival'>;

/** What a single claim with this outcome is answered. */
const STATUSES: Record<string, number> = {
  claimed: 200,
  replayed: 200,
  out_of_stock: 400,
  coupon_not_found: 404,
  already_claimed: 409,
  overloaded: 503,
  outcome_unknown: 503,
  database_unavailable: 503,
};

export interface Outcome {
  code: string;
  retry_after_seconds?: number;
  idempotency_key?: string;
}

/** The outcome as the answer to a single claim. One that is missing or not in the contract is a 500. */
export function answerOf(outcome: Outcome | undefined): NonNullable<ClaimOperation['answer']> {
  const { code = 'no outcome', retry_after_seconds: seconds } = outcome ?? {};
  const status = STATUSES[code] ?? 500;
  if (status === 200) return { status, ...(code === 'replayed' && { isReplayed: true }) };
  return { status, code, ...(seconds !== undefined && { retryAfterSeconds: seconds }) };
}

/**
 * Sends claims together, and those that are not decided again, as the contract says: with their keys. One
 * whose outcome is unknown has the key that the answer names. If the answer is lost, those without a key are
 * looked up.
 * @param isHasty whether it breaks the first connection when the answer does not come at once.
 * @param settle is told the answer that decides the claim in this place.
 */
export async function claimUntilKnown(
  client: Client,
  stop: AbortSignal,
  wanted: readonly Wanted[],
  isHasty: boolean,
  settle: (place: number, answer: Answer) => void,
): Promise<void> {
  let open = wanted.map((claim, place) => ({ claim, place }));
  for (let attempt = 0; open.length > 0 && !stop.aborted; attempt++) {
    const sent = open.map(({ claim }) => claim);
    const answers = await client.sendMany(sent, isHasty && attempt === 0);
    const undecided: typeof open = [];
    for (const [i, { claim, place }] of open.entries()) {
      const answer = answers?.[i];
      if (answer && answer.status < 500) settle(place, answer);
      // The order of arrival is that of the first attempt.
      else undecided.push({ claim: { ...withoutArrival(claim), ...keyOf(answer) }, place });
    }
    open = undecided;
    if (open.length === 0) return;
    await client.backOff(
      answers?.find(({ status }) => status === 503),
      attempt,
    );
    if (!answers) open = await stillOpen(client, open, settle);
  }
}

const withoutArrival = ({ arrival: _, ...claim }: Wanted): Wanted => claim;
const keyOf = (answer: (Answer & { key?: string }) | undefined) => (answer?.key ? { key: answer.key } : {});

/** Those with a key, and those whose users hold nothing. */
async function stillOpen<T extends { claim: Wanted; place: number }>(
  client: Client,
  open: readonly T[],
  settle: (place: number, answer: Answer) => void,
): Promise<T[]> {
  const left: T[] = [];
  for (const item of open) {
    const { key, coupon, user } = item.claim;
    if (key === undefined && (await client.lookUp(coupon, user))) settle(item.place, { status: 200 });
    else left.push(item);
  }
  return left;
}
