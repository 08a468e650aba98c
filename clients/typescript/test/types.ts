/**
 * What TypeScript must accept, and what it must refuse. It is compiled against the sources, and by
 * test/client/package.long.test.ts against the package, as users get it. Nobody runs it.
 */
import {
  type ClaimResult,
  type CouponClient,
  CouponError,
  type CouponEvent,
  type CouponState,
  createClient,
  type ErrorCode,
  isEvent,
} from '../src/index.js';

const client: CouponClient = createClient({ baseUrl: 'https://coupons.example', apiKey: 'a key' });
// @ts-expect-error a client needs an address
createClient({});
// @ts-expect-error there is no such option
createClient({ baseUrl: 'https://coupons.example', retries: 3 });

export function resultsAreDiscriminated(result: ClaimResult): string {
  // @ts-expect-error only a claim that was made can be replayed
  result.replayed;
  if (result.ok) {
    // @ts-expect-error a claim that was made has no code
    result.code;
    return `${result.replayed satisfies boolean}`;
  }
  switch (result.code) {
    case 'out_of_stock':
    case 'a_code_of_a_newer_server':
      return result.problem.error;
    default:
      return result.code satisfies string;
  }
}

export function codesAreOpen(error: unknown): string {
  if (!(error instanceof CouponError)) throw error;
  const known: ErrorCode = 'already_claimed';
  const unknown: ErrorCode = 'a_code_of_a_newer_server';
  const state: CouponState = 'a_state_of_a_newer_server';
  // @ts-expect-error a code is a string
  const wrong: ErrorCode = 42;
  switch (error.code) {
    case known:
    case 'no_answer':
    case unknown:
      return `${error.status satisfies number | undefined} ${error.requestId ?? ''}`;
    default:
      return `${error.problem?.detail} ${state} ${wrong}`;
  }
}

export function eventsAreNarrowed(event: CouponEvent): number {
  // @ts-expect-error only claims have a number
  event.data.claim_number satisfies number;
  if (isEvent(event, 'claim.made', 'claim.released')) return event.data.claim_number;
  if (isEvent(event, 'coupon.changed')) return event.data.before.amount + event.data.amount;
  // @ts-expect-error there is no such type, so its data are unknown
  isEvent(event, 'coupon.paused');
  return event.type === 'coupon.paused' ? 0 : 1;
}

export async function answersAreTyped(signal: AbortSignal | undefined): Promise<void> {
  await client.createCoupon({ name: 'SUMMER', amount: 5, starts_at: '2026-07-01T12:00:00Z' }, { signal });
  // @ts-expect-error a coupon needs an amount
  await client.createCoupon({ name: 'SUMMER' });
  const { claimed_by } = await client.getCoupon('SUMMER');
  claimed_by satisfies string[];
  const { claimed_by: holders } = await client.getCoupon('SUMMER', { claimedBy: false });
  // @ts-expect-error without holders
  holders satisfies string[];
  await client.changeCoupon('SUMMER', { ends_at: null });
  for await (const { state, name } of client.listCoupons({ state: 'open', pageSize: 10, signal })) {
    if (state === 'sold_out') name satisfies string;
  }
  // @ts-expect-error the server knows these states only
  client.listCoupons({ state: 'a_state_of_a_newer_server' });
  for await (const { user_id } of client.listClaims('SUMMER', { signal })) user_id satisfies string;
  for await (const { id } of client.events({ after: '1-ab-7-0', follow: false, signal })) id satisfies string;
  const { data, error } = await client.raw.GET('/health', { signal: signal ?? null });
  (data?.status ?? error) satisfies unknown;
  // @ts-expect-error there is no such path
  await client.raw.GET('/api/nothing');
}
