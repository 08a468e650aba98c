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
  const names = [...new Set(couponNames)];
  const [row] = await sql<{ decisions: string }[]>`
    with requests as (
      select coupon_name, user_id, key, ordinal
      from unnest(${couponNames}::text[], ${userIds}::text[], ${keys}::text[])
        with ordinality as request (coupon_name, user_id, key, ordinal)
    ),
    -- As they were when the statement began.
    seen_coupons as (
      select name, remaining_amount from coupons where name = any (${names}::text[])
    ),
    -- The lock closes the race for the last units: whoever claims this coupon waits here, and then reads the
    -- stock that is really left. Always in the order of the names, or two servers that each hold what the
    -- other waits for would deadlock. NO KEY: inserted claims of others may go on checking their foreign key.
    -- What is gone is not locked: so to refuse writes nothing, and waits for nobody.
    locked_coupons as (
      select name, remaining_amount
      from coupons
      where name = any (${names}::text[]) and remaining_amount > 0
      order by name
      for no key update
    ),
    -- First come, first served within a coupon. When more ask than can have one, nobody gets a place who would not
    -- take a unit: the next in the order would go without, and a later batch would take it. Who is a holder is a
    -- scalar subquery, because a join could be planned as a hash of the whole table, which costs more with every
    -- claim; this is a probe of the primary key.
    queue as (
      select request.*, row_number() over (partition by coupon_name order by ordinal) as place
      from (
        select requests.*, remaining_amount,
          row_number() over (partition by coupon_name, user_id order by ordinal) as attempt,
          count(*) over (partition by coupon_name) as asked
        from requests
        join locked_coupons on name = coupon_name
      ) as request
      where attempt = 1 and (
        asked <= remaining_amount
        or (
          select true
          from claims as claim
          where claim.coupon_name = request.coupon_name and claim.user_id = request.user_id
        ) is null
      )
    ),
    -- Who holds the coupon already is passed over, also by a claim that another server committed while this statement
    -- waited for the lock, and that it cannot see, because its snapshot is older than its lock.
    made_claims as (
      insert into claims (coupon_name, user_id, idempotency_key)
      select coupon_name, user_id, key
      from queue
      where place <= remaining_amount
      order by ordinal
      on conflict on constraint claims_pkey do nothing
      returning coupon_name, user_id, idempotency_key
    ),
    taken_stock as (
      update coupons
      set remaining_amount = coupons.remaining_amount - made
      from (select coupon_name, count(*)::int as made from made_claims group by coupon_name) as made_counts
      where coupons.name = made_counts.coupon_name
    )
    select string_agg(
      case
        when (coupon_name, user_id, key) in (select coupon_name, user_id, idempotency_key from made_claims) then 'c'
        when (coupon_name, user_id) in (select coupon_name, user_id from made_claims) then 'a'
        else coalesce(
          -- Who is refused may hold the coupon.
          (
            select case when claim.idempotency_key = request.key then 'r' else 'a' end
            from claims as claim
            where claim.coupon_name = request.coupon_name and claim.user_id = request.user_id
          ),
          -- Out of stock is who does not hold a coupon that was gone when the statement began, for then every one
          -- of its claims can be seen. Otherwise a claim may be hidden, and a unit be left by one who was passed over.
          case
            when coupon_name in (select name from seen_coupons where remaining_amount = 0) then 's'
            when coupon_name in (select name from seen_coupons) then 'u'
            else 'n'
          end
        )
      end,
      '' order by ordinal
    ) as decisions
    from requests as request`;
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
