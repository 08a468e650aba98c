import type { Sql } from 'postgres';

/** What a server of version 0.1 sends to the database for claims, for tests of an upgrade. */

/**
 * @returns a letter for each claim: c for claimed, a for already claimed, s for out of stock, n for no
 * coupon.
 */
export async function claimAsVersion01(
  sql: Sql,
  claims: readonly { couponName: string; userId: string; key: string }[],
): Promise<string> {
  const couponNames = claims.map(({ couponName }) => couponName);
  const userIds = claims.map(({ userId }) => userId);
  const keys = claims.map(({ key }) => key);
  const names = [...new Set(couponNames)];
  const [row] = await sql<{ decisions: string }[]>`
  with requests as (
    select coupon_name, user_id, key, ordinal
    from unnest(${couponNames}::text[], ${userIds}::text[], ${keys}::text[])
      with ordinality as request (coupon_name, user_id, key, ordinal)
  ),
  seen_coupons as (
    select name, remaining_amount from coupons where name = any (${names}::text[])
  ),
  locked_coupons as (
    select name, remaining_amount
    from coupons
    where name = any (${names}::text[]) and remaining_amount > 0
    order by name
    for no key update
  ),
  stock as materialized (
    select name, least(locked_coupons.remaining_amount, seen_coupons.remaining_amount) as units
    from locked_coupons
    join seen_coupons using (name)
  ),
  queue as (
    select request.*, row_number() over (partition by coupon_name order by ordinal) as place
    from (
      select requests.*, units,
        row_number() over (partition by coupon_name, user_id order by ordinal) as attempt,
        count(*) over (partition by coupon_name) as asked
      from requests
      join stock on name = coupon_name
    ) as request
    where attempt = 1 and (
      asked <= units
      or (
        select true
        from claims as claim
        where claim.coupon_name = request.coupon_name and claim.user_id = request.user_id
      ) is null
    )
  ),
  made_claims as (
    insert into claims (coupon_name, user_id, idempotency_key)
    select coupon_name, user_id, key
    from queue
    where place <= units
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
        (
          select case when claim.idempotency_key = request.key then 'r' else 'a' end
          from claims as claim
          where claim.coupon_name = request.coupon_name and claim.user_id = request.user_id
        ),
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
  return row?.decisions ?? '';
}
