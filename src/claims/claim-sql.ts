/** The names of the tables, and of the constraint, in the claim statement. */
export interface ClaimTables {
  coupons: string;
  claims: string;
  claims_pkey: string;
  released_claims: string;
  events: string;
  /** Has the row that numbers claims and events. Undefined: identity columns do. */
  event_log?: string;
}

const TABLES: ClaimTables = {
  coupons: 'coupons',
  claims: 'claims',
  claims_pkey: 'claims_pkey',
  released_claims: 'released_claims',
  events: 'events',
};

/**
 * A text of its own, made once: postgres.js would put a tagged template together for every batch.
 * $1, $2 and $3 are the requests, and $4 the different names of their coupons.
 * Where Citus is, it is the body of a function, and two of its parts differ: see claim-function.ts.
 * @param isKeyed whether a request brings a key of its own. Late retries of requests whose claims were
 *   released must not claim again. Only such requests can be that, so other batches do not look for them.
 */
export function claimStatement(isKeyed: boolean, tables = TABLES): string {
  const ifKeyed = (part: string) => (isKeyed ? part : '');
  const ifNumbered = (part: string) => (tables.event_log ? part : '');
  const text = `
    with requests as (
      select coupon_name, user_id, key, ordinal
      from unnest($1::text[], $2::text[], $3::text[])
        with ordinality as request (coupon_name, user_id, key, ordinal)
    ),
    ${ifKeyed(`
    released_requests as (
      select ordinal
      from requests
      where exists (
        select from ${tables.released_claims} as released
        where released.coupon_name = requests.coupon_name and released.user_id = requests.user_id
          and released.idempotency_key = requests.key
      )
    ),`)}
    -- The coupons in our snapshot: as they were when the statement began. now() is that moment, by the
    -- clock of the database.
    seen_coupons as (
      select name, remaining_amount, releases, starts_at,
        coalesce(starts_at > now() or ends_at <= now(), false) as is_off_sale
      from ${tables.coupons}
      where name = any ($4::text[])
    ),
    -- The lock closes the race for the last units: other claims of the coupon wait here, and then
    -- read the stock that is really left. Coupons are locked in the order of their names: two servers
    -- would deadlock otherwise. NO KEY UPDATE does not block the foreign key checks of other claims.
    -- A coupon that is sold out, or not on sale, is not locked. So a refusal writes nothing and waits
    -- for nobody.
    locked_coupons as (
      select name, remaining_amount, releases
      from ${tables.coupons}
      where name = any ($4::text[]) and remaining_amount > 0
        and (starts_at is null or starts_at <= now()) and (ends_at is null or ends_at > now())
      order by name
      for no key update
    ),
    -- Units that came back while we waited for the lock are left to the next statement: PostgreSQL
    -- checks the constraint on the stock against our snapshot first, and would fail this one. If a claim
    -- was released meanwhile, everything is: our snapshot does not show which keys were released.
    -- A full join, because PostgreSQL may plan a join as a loop that compares all with all. With "is not
    -- null" in place of num_nulls, it would be a join to the planner again.
    stock as materialized (
      select name, least(locked_coupons.remaining_amount, seen_coupons.remaining_amount) as units,
        locked_coupons.remaining_amount <> seen_coupons.remaining_amount as is_contended
      from locked_coupons
      full join seen_coupons using (name, releases)
      where num_nulls(locked_coupons.remaining_amount, seen_coupons.remaining_amount) = 0
    ),
    candidates as (
      select requests.*, units
      from requests
      join stock on name = coupon_name
      ${ifKeyed(`where ordinal not in (select ordinal from released_requests)`)}
    ),
    -- First come, first served within a coupon. If there are as many units as the batch has requests, all
    -- get a place. Else requests that would take no unit get none: otherwise a user behind them would go
    -- without, and a later batch would take the unit. The look for holders is a scalar subquery, which is
    -- always a probe of the primary key. A join could be planned as a hash of the whole table.
    queue as (
      select coupon_name, user_id, key, ordinal
      from candidates
      where units >= cardinality($1::text[])
      union all
      select coupon_name, user_id, key, ordinal
      from (
        select attempts.*, row_number() over (partition by coupon_name order by ordinal) as place
        from (
          select candidates.*, row_number() over (partition by coupon_name, user_id order by ordinal) as attempt
          from candidates
          where units < cardinality($1::text[])
        ) as attempts
        where attempt = 1 and (
          select true
          from ${tables.claims} as claim
          where claim.coupon_name = attempts.coupon_name and claim.user_id = attempts.user_id
        ) is null
      ) as places
      where place <= units
    ),
    ${ifNumbered(`
    -- Behind the locks of the coupons: two statements would deadlock otherwise.
    drawn_numbers as (
      update ${tables.event_log}
      set last_event_id = last_event_id + 1,
        last_claim_number = last_claim_number + (select count(*) from queue)
      where exists (select from queue)
      returning last_event_id, last_claim_number
    ),`)}
    -- ON CONFLICT skips users who already hold the coupon. It also sees claims that another server
    -- committed while this statement waited for the lock. Our snapshot, older than the lock, does not.
    made_claims as (
      insert into ${tables.claims} (coupon_name, user_id, idempotency_key${ifNumbered(', claim_number')})
      select coupon_name, user_id, key
      ${ifNumbered(`, (select last_claim_number from drawn_numbers) - row_number() over (order by ordinal desc) + 1`)}
      from queue
      order by ordinal
      on conflict on constraint ${tables.claims_pkey} do nothing
      returning coupon_name, user_id, idempotency_key, claim_number
    ),
    made_counts as (
      select coupon_name, count(*) as made from made_claims group by coupon_name
    ),
    -- Without a join, which may be planned as a scan of all coupons.
    taken_stock as (
      update ${tables.coupons}
      set remaining_amount =
        remaining_amount - ((select jsonb_object_agg(coupon_name, made) from made_counts) -> name)::int
      where name = any (array(select coupon_name from made_counts))
    ),
    logged_claims as (
      insert into ${tables.events} (${ifNumbered('id, ')}type, coupon_names, user_ids, claim_numbers)
      select ${ifNumbered('(select last_event_id from drawn_numbers), ')}'claim.made', array_agg(coupon_name), array_agg(user_id), array_agg(claim_number)
      from made_claims
      having count(*) > 0
    )
    select string_agg(
      case
        ${ifKeyed(`when ordinal in (select ordinal from released_requests) then 'x'`)}
        when made.idempotency_key = key then 'c'
        when made.user_id is not null then 'a'
        else coalesce(
          -- A user who made no claim here may hold the coupon from before.
          (
            select case when claim.idempotency_key = request.key then 'r' else 'a' end
            from ${tables.claims} as claim
            where claim.coupon_name = request.coupon_name and claim.user_id = request.user_id
          ),
          -- Refuse a claim only if our snapshot has the reason: only then are all claims of the coupon
          -- visible. Otherwise the user's claim may be hidden, or a unit may be left that a skipped user
          -- did not take: undecided.
          case
            when name is null then 'n'
            when seen.remaining_amount = 0 or is_off_sale then 's'
            else 'u'
          end
        )
      end,
      '' order by ordinal
    ) as decisions,
    -- The refused coupons that are not just sold out: the seconds until the start, or null after the end.
    (
      select json_object_agg(
        name,
        case when starts_at > now() then ceil(extract(epoch from starts_at - now())) end
      )
      from seen_coupons
      where is_off_sale
    ) as off_sale,
    exists (select from stock where is_contended) as is_contended
    -- Each coupon and each claim has a request, so these could be left joins. But a left join may be planned
    -- as a loop that compares all with all.
    from requests as request
    full join seen_coupons as seen on name = coupon_name
    full join made_claims as made using (coupon_name, user_id)
    -- If each request made a claim, there is nothing to look up: no decisions.
    where (select count(*) from made_claims) < cardinality($1::text[])`;
  // The connection sends the text, or finds its prepared statement by it: the shorter, the cheaper.
  return text.replace(/^\s*(--.*\n)?/gm, '');
}
