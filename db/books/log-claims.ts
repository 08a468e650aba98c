import type { PendingQuery, Sql } from 'postgres';
import type { Difference } from './audit.js';
import { selectChanges } from './log-accounts.js';

/**
 * A claim that the tables and the log do not both have, made and released as often in one as in the other.
 */
export interface ClaimDifference {
  name: string;
  user_id: string;
  claim_number: string;
  /** How often the tables and the log have the claim as made. */
  made: number;
  logged_made: number;
  /** How often they have its release. */
  released: number;
  logged_released: number;
}

/** Instead of a claim: how many claims of the tables are older than the log. */
export interface OlderClaims {
  name: null;
  older: number;
}

/**
 * Selects the claims that differ, and last of all the number of those that are older than the log.
 * @param names of the coupons. Null: all.
 * @param horizon the events of what is older may have been deleted.
 */
export function selectClaimDifferences(
  sql: Sql,
  names: string[] | null,
  horizon: string,
): PendingQuery<(ClaimDifference | OlderClaims)[]> {
  return sql<(ClaimDifference | OlderClaims)[]>`
    with entries as (
      select coupon_name as name, user_id, claim_number, 1 as made, 0 as released,
        0 as logged_made, 0 as logged_released, created_at as made_at, null::timestamptz as released_at
      from claims
      union all
      select coupon_name, user_id, claim_number, 1, 1, 0, 0, claimed_at, released_at
      from released_claims
      union all
      select name, user_id, claim_number, 0, 0,
        (type = 'claim.made')::int, (type = 'claim.released')::int, null, null
      from (${selectChanges(sql)}) as change
      where type in ('claim.made', 'claim.released')
    ),
    entry_counts as (
      select name, user_id, claim_number,
        sum(made) as made, sum(logged_made) as logged_made,
        sum(released) as released, sum(logged_released) as logged_released,
        min(made_at) < ${horizon}::text::timestamptz as is_made_before,
        min(released_at) < ${horizon}::text::timestamptz as is_released_before
      from entries
      where ${names === null}
        or name in (select jsonb_array_elements_text(${JSON.stringify(names ?? [])}::text::jsonb))
      group by name, user_id, claim_number
      having sum(made) <> sum(logged_made) or sum(released) <> sum(logged_released)
    ),
    judged_claims as materialized (
      select *,
        (made = logged_made or logged_made = 0 and is_made_before)
          and (released = logged_released or logged_released = 0 and is_released_before) as is_older
      from entry_counts
    )
    select name, user_id, claim_number, made::float8, logged_made::float8, released::float8,
      logged_released::float8, null::float8 as older
    from judged_claims
    where is_older is not true
    union all
    select null, null, null, null, null, null, null, (count(*) filter (where released = 0))::float8
    from judged_claims
    where is_older`;
}

/** Says how a claim differs: one difference or two. */
export function differencesOf(claim: ClaimDifference): Difference[] {
  const { name, user_id, claim_number, made, logged_made, released, logged_released } = claim;
  const what = `claim ${claim_number} of ${user_id}`;
  const differences: Difference[] = [];
  if (made !== logged_made) {
    // A release cannot come before the claim is made: a claim that has been released stays as it is.
    const isMissing = logged_made === 0 && made === 1 && released + logged_released === 0;
    differences.push({
      sentence: `${name}: ${what} is ${whereIs(made, logged_made)}`,
      missing: isMissing ? { claim } : undefined,
    });
  }
  if (released !== logged_released) {
    differences.push({
      sentence: `${name}: the release of ${what} is ${whereIs(released, logged_released)}`,
    });
  }
  return differences;
}

function whereIs(count: number, loggedCount: number): string {
  if (loggedCount === 0) return 'in the tables, and not in the log';
  if (count === 0) return 'in the log, and not in the tables';
  return `${count} times in the tables, and ${loggedCount} times in the log`;
}
