import type { PendingQuery, Row, Sql } from 'postgres';
import { type Account, fingerprintOf, selectAccounts } from './accounts.js';
import type { Difference } from './audit.js';

/** The account of one coupon, beside what the log says of it. */
export interface LogAccount extends Account {
  /** The events of the coupon in the log. */
  events: number;
  /** How many claims and releases come before an event that they must follow, and the first such claim. */
  disordered: number;
  disordered_claim: number | null;
  /** The coupon's last state in the log. Null: there is none. */
  logged_as: 'existing' | 'deleted' | null;
  /** Whether the coupon's amount and window are those in the log. */
  is_as_logged: boolean;
  /** Whether the coupon may have been created before the first event that is left of the log. */
  is_older: boolean;
  /** Whether counts and fingerprints of the claims and releases are those in the log. */
  has_logged_claims: boolean;
  /** Releases, as the coupon counts them, and as the log has them since `is_creation_logged`. */
  releases: number;
  logged_releases: number;
  /** Whether the log has the creation of the coupon, in its place. */
  is_creation_logged: boolean;
  /** The coupon's row, to see whether it has changed meanwhile. Null: there is none. */
  version: string | null;
  /** The coupon's values in the log. */
  logged_values: object | null;
}

/**
 * Selects the accounts of all coupons, whether they are in the tables or in the log.
 * @param horizon the events of what is older may have been deleted.
 */
export function selectLogAccounts(sql: Sql, horizon: string): PendingQuery<LogAccount[]> {
  return sql<LogAccount[]>`
    with account as (${selectAccounts(sql)}),
    released_counts as (
      select coupon_name as name, count(*) as released,
        bit_xor(${fingerprintOf(sql)}) as released_fingerprint
      from released_claims
      group by coupon_name
    ),
    changes as (${selectChanges(sql)}),
    -- The sort is the price for a proof of the order.
    changes_in_order as (
      select *,
        max(claim_number) filter (where type = 'claim.made' and not is_appended) over earlier as last_number,
        max(claim_number) filter (where type = 'claim.made' and is_appended) over earlier as last_appended_number,
        count(*) filter (where type = 'claim.released') over earlier as earlier_releases
      from changes
      window earlier as (
        partition by name order by id, ordinal rows between unbounded preceding and 1 preceding
      )
    ),
    logged_counts as (
      select name,
        count(*) as events,
        count(*) filter (where type = 'claim.made') as logged_claims,
        count(*) filter (where type = 'claim.released') as logged_releases,
        bit_xor(fingerprint) filter (where type = 'claim.made') as logged_fingerprint,
        bit_xor(fingerprint) filter (where type = 'claim.released') as logged_released_fingerprint,
        max(id) filter (where type like 'coupon.%') as last_id,
        -- A coupon that was deleted and created again begins to count anew.
        max(earlier_releases) filter (where type = 'coupon.created' and not is_appended)
          as releases_at_creation,
        count(*) filter (where ${isDisordered(sql, horizon)}) as disordered,
        min(claim_number) filter (where ${isDisordered(sql, horizon)}) as disordered_claim
      from changes_in_order
      group by name
    )
    select name,
      coalesce(amount, 0) as amount,
      coalesce(remaining, 0) as remaining,
      coalesce(claims, 0) as claims,
      coalesce(users, 0) as users,
      coalesce(places, 0) as places,
      coalesce(events, 0)::float8 as events,
      coalesce(disordered, 0)::float8 as disordered,
      disordered_claim::float8,
      case
        when last_type = 'coupon.deleted' then 'deleted'
        when last_type is not null then 'existing'
      end as logged_as,
      coalesce(created_at < ${horizon}::text::timestamptz, false) as is_older,
      (amount, starts_at, ends_at) is not distinct from (
        (last_data ->> 'amount')::int, (last_data ->> 'starts_at')::timestamptz, (last_data ->> 'ends_at')::timestamptz
      ) as is_as_logged,
      (
        coalesce(claims, 0) + coalesce(released, 0), coalesce(fingerprint, 0) # coalesce(released_fingerprint, 0),
        coalesce(released, 0), coalesce(released_fingerprint, 0)
      ) = (
        coalesce(logged_claims, 0), coalesce(logged_fingerprint, 0),
        coalesce(logged_releases, 0), coalesce(logged_released_fingerprint, 0)
      ) as has_logged_claims,
      coalesce(releases, 0) as releases,
      (coalesce(logged_releases, 0) - coalesce(releases_at_creation, 0))::float8 as logged_releases,
      releases_at_creation is not null as is_creation_logged,
      case when created_at is not null then ${versionOf(sql)} end as version,
      last_data - '{before,appended}'::text[] as logged_values
    from account
    full join released_counts using (name)
    full join logged_counts using (name)
    left join (select id as last_id, type as last_type, data as last_data from events) as last_change
      using (last_id)`;
}

/** The values of a coupon, as a text. */
export const versionOf = (sql: Sql) => sql`row(amount, starts_at, ends_at, created_at)::text`;

/** Selects the changes of the log, one row for each. */
export function selectChanges(sql: Sql): PendingQuery<Row[]> {
  return sql`
    select id, type, coalesce(data ? 'appended', false) as is_appended, coupon_name as name, user_id, claim_number, ordinal,
      ${fingerprintOf(sql)} as fingerprint
    from events
    cross join unnest(coupon_names, user_ids, claim_numbers)
      with ordinality as change (coupon_name, user_id, claim_number, ordinal)`;
}

/**
 * Claim numbers grow in the log of a coupon, but for events that were appended, and a claim is released after
 * it is made. If the log has lost its beginning, the claim may be older than all that is left.
 */
const isDisordered = (sql: Sql, horizon: string) => sql`
  case type
    when 'claim.made' then claim_number <= last_number and not is_appended
    when 'claim.released' then claim_number > greatest(last_number, last_appended_number)
      and (last_number is not null or ${horizon}::text = '-infinity')
  end`;

/** Lists where the tables and the log contradict each other, but for single claims. */
export function differencesInLog(account: LogAccount): Difference[] {
  const { name, logged_as, releases, logged_releases, disordered } = account;
  const differences: Difference[] = [];
  const add = (sentence: string, missing?: Difference['missing']) =>
    differences.push({ sentence: `${name}: ${sentence}`, missing });
  if (account.version === null) {
    if (logged_as === 'existing') add('the coupon is in the log, and not in the tables');
  } else if (logged_as === 'existing') {
    if (!account.is_as_logged) add('the coupon has another amount or window than in the log', { account });
  } else if (logged_as === 'deleted' || !account.is_older) {
    add('the coupon is in the tables, and not in the log', { account });
  }
  // Without the creation of the coupon, the log may have the last releases alone.
  if (account.is_creation_logged ? releases !== logged_releases : releases < logged_releases) {
    add(`the coupon counts ${releases} releases, and the log has ${logged_releases}`);
  }
  if (disordered > 0) {
    add(
      `${disordered} events are out of order in the log, the lowest is of claim ${account.disordered_claim}`,
    );
  }
  return differences;
}
