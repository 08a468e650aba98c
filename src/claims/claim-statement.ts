import type { Sql } from 'postgres';
import type { ClaimOutcome, ClaimRequest } from './outcome.js';

/** What the letters of the answer mean. What is not here is undecided, and to be run again with a new snapshot. */
const outcomes: Record<string, ClaimOutcome> = {
  c: 'claimed',
  r: 'replayed',
  a: 'already_claimed',
  s: 'out_of_stock',
  n: 'coupon_not_found',
};

/**
 * Decides claims, of any users for any coupons, in one statement: it takes the stock, makes the claims and
 * says what became of each request, in their order. First come, first served within a coupon.
 *
 * The rule that nobody holds a coupon twice and that no stock is oversold is not here: constraints see to
 * that. This statement asks for what they allow.
 * @returns an outcome for each request, undefined for one that is to be run again.
 */
export async function decideClaims(
  sql: Sql,
  requests: readonly ClaimRequest[],
): Promise<(ClaimOutcome | undefined)[]> {
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
    queue as (
      select request.*, coupon.remaining_amount,
        row_number() over (partition by coupon_name order by ordinal) as place
      from requests as request
      left join locked_coupons as coupon on coupon.name = request.coupon_name
    ),
    -- Who holds the coupon already is passed over: by an older claim, by a user's other request in this batch, or
    -- by a claim that another server committed while this statement waited for the lock, and that it cannot see,
    -- because its snapshot is older than its lock.
    made_claims as (
      insert into claims (coupon_name, user_id, idempotency_key)
      select coupon_name, user_id, key
      from queue
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
    )
    select string_agg(
      case
        when remaining_amount is null then 'n'
        when (coupon_name, user_id, key) in (select coupon_name, user_id, idempotency_key from made_claims) then 'c'
        when (coupon_name, user_id) in (select coupon_name, user_id from made_claims) then 'a'
        else coalesce(
          -- Who is refused may hold the coupon. A scalar subquery, because a join could be planned as a hash of
          -- the whole table, which costs more with every claim; this is a probe of the primary key.
          (
            select case when claim.idempotency_key = queue.key then 'r' else 'a' end
            from claims as claim
            where claim.coupon_name = queue.coupon_name and claim.user_id = queue.user_id
          ),
          -- Nobody's place is final before all those that were free are taken.
          case when remaining_amount > coalesce(made, 0) then 'u' else 's' end
        )
      end,
      '' order by ordinal
    ) as decisions
    from queue
    left join made_counts using (coupon_name)`;
  return Array.from(row?.decisions ?? '', (letter, i) => {
    const outcome = outcomes[letter];
    return outcome === 'claimed' && requests[i]?.isKeyGiven && isRepeated(requests, i) ? 'replayed' : outcome;
  });
}

/** Does a request stand in the batch a second time, key and all? Then the first of the two made the claim. */
function isRepeated(requests: readonly ClaimRequest[], i: number): boolean {
  const { couponName, userId, key } = requests[i] as ClaimRequest;
  const first = requests.findIndex(
    (other) => other.key === key && other.userId === userId && other.couponName === couponName,
  );
  return first < i;
}
