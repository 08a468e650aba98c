import type { Problem } from '../../src/contract.js';
import { deviations } from '../support/contract.js';
import type { RawAnswer } from '../support/raw-connection.js';
import {
  areClaimsTrue,
  isCouponPageTrue,
  isRefusedClaimsTrue,
  isRefusedCouponPageTrue,
  isRefusedUserPageTrue,
  isUserPageTrue,
} from './lists.js';
import type { Call, Expected } from './requests.js';
import type { Truth } from './truth.js';
import type { Conversation, Item } from './wire.js';

/** Lists what is wrong with answers. */

export interface Played extends Conversation {
  /** Without those below 200. */
  answers: RawAnswer[];
  /** What came behind the last answer. */
  rest: Buffer;
  isClosed: boolean;
}

export function faultsOf({ items, answers, rest, isClosed }: Played, before: Truth, after: Truth): string[] {
  const faults: string[] = [];
  const isMutated = items.at(-1)?.isMutated;
  if (rest.length > 0) faults.push(`${rest.length} bytes are no answer`);
  if (isMutated ? answers.length < items.length - 1 : answers.length !== items.length) {
    faults.push(`${answers.length} answers to ${items.length} requests`);
  }
  if (!isMutated && isClosed !== items.at(-1)?.closes) faults.push(`the server closed: ${isClosed}`);
  for (const [i, answer] of answers.entries()) {
    const item = items[i];
    const found =
      item && !item.isMutated ? faultsOfAnswer(item, answer, before, after) : faultsOfAnyAnswer(answer);
    faults.push(...found.map((fault) => `answer ${i + 1} (${answer.status}): ${fault}`));
  }
  return faults;
}

/** The answer to bytes that may be any request. */
function faultsOfAnyAnswer({ status, headers, body }: RawAnswer): string[] {
  if (status < 400) return [];
  // Every path without an operation may get a problem with any code.
  const seen = { method: 'GET', path: '/any', status: 400, headers, body };
  return [...(status >= 500 && status !== 501 ? ['a failure of the server'] : []), ...deviations(seen)];
}

function faultsOfAnswer(item: Item, answer: RawAnswer, before: Truth, after: Truth): string[] {
  const { method, path } = item.request ?? { method: 'GET', path: '/health' };
  const { status, headers, body } = answer;
  const faults = deviations({ method, path, status, headers, body });
  const id = headers.get('x-request-id') ?? '';
  if (item.id ? id !== item.id : id.startsWith('hostile-')) faults.push(`it has the id ${id}`);
  if (faults.length > 0) return faults;
  const problem: Problem | undefined = status >= 400 ? JSON.parse(body) : undefined;
  if (item.expected) {
    if (!item.expected.some((expected) => isAsExpected(expected, answer, problem))) {
      faults.push(`${body} instead of ${JSON.stringify(item.expected)}`);
    }
  } else if (item.request?.call) {
    const unexplained = explain(item.request.call, answer, problem, before, after);
    if (unexplained) faults.push(`${unexplained}: ${body}`);
  }
  return faults;
}

function isAsExpected(
  { status, code, fields, headers = {} }: Expected,
  answer: RawAnswer,
  problem: Problem | undefined,
): boolean {
  if (answer.status !== status || problem?.code !== code) return false;
  if (Object.entries(headers).some(([name, value]) => answer.headers.get(name) !== value)) return false;
  const { error, detail } = problem;
  if (code === 'invalid_request' && error !== `invalid request: ${detail}`) return false;
  // The name of an unknown field is quoted, and may be cut.
  const isNamed = (field: string) =>
    detail.startsWith(`${field} `) || / is not a known field( of \S+)?$/.test(detail);
  return fields === undefined || fields.some(isNamed);
}

/** Compares the answer to a valid request with the database. Returns what does not agree. */
function explain(
  call: Call,
  answer: RawAnswer,
  problem: Problem | undefined,
  before: Truth,
  after: Truth,
): string | undefined {
  const { operationId, input, query, key } = call;
  const { status, headers, body } = answer;
  const coupon = (input['coupon_name'] ?? input['name']) as string;
  const user = input['user_id'] as string;
  const held = (truth: Truth) => truth.holders.get(coupon)?.has(user) ?? false;
  const isKnown = (truth: Truth) => truth.stock.has(coupon);
  // The window of a request, or that of the coupon and the request together.
  const isReversed = () => problem?.error === 'invalid request: ends_at must be later than starts_at';
  const isTrue: Record<string, () => boolean> = {
    'getHealth 200': () => true,
    'getLiveness 200': () => true,
    'getReadiness 200': () => true,
    'createCoupon 201': () => !isKnown(before) && isKnown(after),
    'createCoupon coupon_exists': () => isKnown(after),
    'getCoupon 200': () =>
      isKnown(after) &&
      (query['claimed_by'] === 'false'
        ? isStockTrue(JSON.parse(body), coupon, before, after)
        : agrees(JSON.parse(body), coupon, before, after)),
    'getCoupon coupon_not_found': () => !isKnown(before),
    'claimCoupon 200': () =>
      held(after) && (!held(before) || (key !== undefined && headers.has('idempotent-replayed'))),
    'claimCoupon already_claimed': () => held(after),
    'claimCoupon out_of_stock': () => after.stock.get(coupon)?.remaining === 0 && !held(before),
    'claimCoupon coupon_not_found': () => !isKnown(before),
    'claimCoupon sale_not_started': () => isKnown(after) && !held(before),
    'claimCoupon sale_ended': () => isKnown(after) && !held(before),
    'claimCoupon claim_released': () => key !== undefined,
    'claimCoupons 200': () => areOutcomesTrue(call, answer, before, after),
    'createCoupon invalid_request': isReversed,
    'changeCoupon 200': () => isKnown(after),
    'changeCoupon invalid_request': isReversed,
    'changeCoupon coupon_not_found': () => !isKnown(before),
    'changeCoupon stock_already_claimed': () => isKnown(after),
    'deleteCoupon 204': () => !isKnown(after),
    'deleteCoupon coupon_not_found': () => !isKnown(before),
    'deleteCoupon coupon_has_claims': () => isKnown(after),
    'releaseClaim 204': () => !held(after),
    'releaseClaim claim_not_found': () => !held(before),
    'getClaim 200': () => held(after),
    'getClaim claim_not_found': () => !held(before),
    'listCoupons 200': () => isCouponPageTrue(call, answer, before, after),
    'listCoupons invalid_request': () => isRefusedCouponPageTrue(call),
    'listClaims 200': () => isKnown(after) && areClaimsTrue(call, answer, before, after),
    'listClaims invalid_request': () => isRefusedClaimsTrue(call, problem?.detail ?? ''),
    'listClaims coupon_not_found': () => !isKnown(before),
    'listUserClaims 200': () => isUserPageTrue(call, answer, after),
    'listUserClaims invalid_request': () => isRefusedUserPageTrue(call),
    // A generated cursor is of another log.
    'listEvents cursor_expired': () => true,
    'listEvents 200': () => true,
  };
  const outcome = `${operationId} ${problem?.code ?? status}`;
  const isExplained = isTrue[outcome];
  if (isExplained === undefined) return `${outcome} has no explanation in judge.ts`;
  // Such a coupon had other states between these two.
  if (after.corrected.has(coupon)) return undefined;
  return isExplained() ? undefined : `${outcome} contradicts the database`;
}

/** Each outcome is what a single claim would be answered. */
function areOutcomesTrue(call: Call, answer: RawAnswer, before: Truth, after: Truth): boolean {
  const { outcomes } = JSON.parse(answer.body) as { outcomes: { code: string }[] };
  return (
    outcomes.length === call.claims?.length &&
    outcomes.every(({ code }, i) => {
      const { idempotency_key: key, ...input } = call.claims![i]!;
      const single: Call = { operationId: 'claimCoupon', input, query: {}, key };
      if (code !== 'claimed' && code !== 'replayed') {
        return !explain(single, answer, { code } as Problem, before, after);
      }
      const headers = new Headers(code === 'replayed' ? { 'Idempotent-Replayed': 'true' } : {});
      return !explain(single, { ...answer, headers }, undefined, before, after);
    })
  );
}

interface Coupon {
  name: string;
  amount: number;
  remaining_amount: number;
}
type CouponWithHolders = Coupon & { claimed_by: string[] };

/** Claims only take from the stock. */
function isStockTrue(seen: Coupon, name: string, before: Truth, after: Truth): boolean {
  const { amount, remaining = 0 } = after.stock.get(name) ?? {};
  const most = before.stock.get(name)?.remaining ?? amount ?? 0;
  return (
    !('claimed_by' in seen) &&
    seen.name === name &&
    seen.amount === amount &&
    seen.remaining_amount >= remaining &&
    seen.remaining_amount <= most
  );
}

function agrees(seen: CouponWithHolders, name: string, before: Truth, after: Truth): boolean {
  const { amount } = after.stock.get(name) ?? {};
  const holders = new Set(seen.claimed_by);
  return (
    seen.name === name &&
    seen.amount === amount &&
    seen.amount - seen.remaining_amount === seen.claimed_by.length &&
    holders.size === seen.claimed_by.length &&
    [...(before.holders.get(name) ?? [])].every((user) => holders.has(user)) &&
    [...holders].every((user) => after.holders.get(name)?.has(user))
  );
}
