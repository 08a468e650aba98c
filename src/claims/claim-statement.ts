import type { Sql } from 'postgres';
import type { ClaimOutcome, ClaimRequest } from './outcome.js';

/** What the statement says of a request. An undecided one is to be run again, in a statement of its own. */
export type Decision = ClaimOutcome | 'undecided';

const decisions: Record<string, Decision> = {
  c: 'claimed',
  a: 'already_claimed',
  s: 'out_of_stock',
  n: 'coupon_not_found',
  u: 'undecided',
};

/**
 * Decides claims, of any users for any coupons, in one statement: it takes the stock, makes the claims and
 * says what became of each request, in their order. First come, first served within a coupon.
 *
 * The rule that nobody holds a coupon twice and that no stock is oversold is not here: constraints see to
 * that. This statement asks for what they allow.
 * @returns one decision for each request.
 */
export async function decideClaims(sql: Sql, requests: readonly ClaimRequest[]): Promise<Decision[]> {
  const couponNames = requests.map((request) => request.couponName);
  const userIds = requests.map((request) => request.userId);
  const keys = requests.map((request) => request.key);
  const [row] = await sql<{ decisions: string }[]>`
    with requests as (
      select coupon_name, user_id, key, ordinal
      from unnest(${couponNames}::text[], ${userIds}::text[], ${keys}::text[])
        with ordinality as request (coupon_name, user_id, key, ordinal)
    ),
    -- The lock closes the race for the last units: whoever claims this coupon waits here, and then reads the
    -- stock that is really left. Always in the order of the names, or two servers that each hold what the
    -- other waits for would deadlock. NO KEY: inserted claims of others may go on checking their foreign key.
    locked_coupons as (
      select name, remaining_amount
      from coupons
      where name = any (${couponNames}::text[])
      order by name
      for no key update
    ),
    -- Who holds the coupon already? A scalar subquery, because a join could be planned as a hash of the whole
    -- table, which costs more with every claim; this is a probe of the primary key.
    known_requests as (
      select request.*, coupon.remaining_amount,
        (
          select case when claim.idempotency_key = request.key then 'c' else 'a' end
          from claims as claim
          where claim.coupon_name = request.coupon_name and claim.user_id = request.user_id
        ) as standing
      from requests as request
      left join locked_coupons as coupon on coupon.name = request.coupon_name
    ),
    -- Its place in the queue for what is left of its coupon, for each request that is still open.
    open_requests as (
      select *, row_number() over (partition by coupon_name order by ordinal) as place
      from known_requests
      where remaining_amount is not null and standing is null
    ),
    -- The snapshot of this statement is older than the lock: a claim that another server committed meanwhile
    -- is not seen above, only by the constraint. It is passed over, and so is a user's second request here.
    made_claims as (
      insert into claims (coupon_name, user_id, idempotency_key)
      select coupon_name, user_id, key
      from open_requests
      where place <= remaining_amount
      order by ordinal
      on conflict on constraint claims_pkey do nothing
      returning coupon_name, user_id, idempotency_key
    ),
    made_counts as (
      select coupon_name, count(*)::int as made from made_claims group by coupon_name
    ),
    taken_stock as (
      update coupons
      set remaining_amount = coupons.remaining_amount - made
      from made_counts
      where coupons.name = made_counts.coupon_name
    ),
    -- A request whose claim was passed over is undecided, and so is one that was told of no stock only because
    -- such a request stood before it in the queue.
    decisions as (
      select request.ordinal,
        case
          when request.remaining_amount is null then 'n'
          when request.standing is not null then request.standing
          when made_claims.user_id is not null then 'c'
          when open_requests.place <= request.remaining_amount then 'u'
          when request.remaining_amount > coalesce(made_counts.made, 0) then 'u'
          else 's'
        end as decision
      from known_requests as request
      left join open_requests using (ordinal)
      left join made_counts on made_counts.coupon_name = request.coupon_name
      left join made_claims on made_claims.coupon_name = request.coupon_name
        and made_claims.user_id = request.user_id
        and made_claims.idempotency_key = request.key
    )
    select string_agg(decision, '' order by ordinal) as decisions from decisions`;
  const answer = row?.decisions ?? '';
  if (answer.length !== requests.length) {
    throw new Error(`${answer.length} decisions for ${requests.length} claims`);
  }
  return Array.from(answer, (letter) => decisions[letter] as Decision);
}
