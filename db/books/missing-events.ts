import type { Sql } from 'postgres';
import { eventId } from '../event-id.js';
import type { Difference } from './audit.js';
import { type LogAccount, versionOf } from './log-accounts.js';
import type { ClaimDifference } from './log-claims.js';

/**
 * Appends events for what the log lacks, while a sale runs. These events have `appended` in `data`: they come
 * behind events that they should precede.
 * @param write runs a statement in a transaction of its own.
 * @param place where the log is: see eventId.
 * @returns how many events it appended.
 */
export async function appendMissing(
  write: (run: (sql: Sql) => Promise<number>) => Promise<number>,
  differences: readonly Difference[],
  place = { isCitus: false },
): Promise<number> {
  let count = 0;
  const claims: ClaimDifference[] = [];
  for (const { missing } of differences) {
    if (!missing) continue;
    if ('claim' in missing) claims.push(missing.claim);
    else count += await write((sql) => appendCoupon(sql, missing.account, place));
  }
  if (claims.length > 0) count += await write((sql) => appendClaims(sql, claims, place));
  return count;
}

/**
 * Appends the creation or the change of a coupon, unless it has changed since the audit read it.
 * @returns how many events it appended.
 */
async function appendCoupon(sql: Sql, account: LogAccount, place: { isCitus: boolean }): Promise<number> {
  const id = eventId(sql, place, 'unchanged_coupon');
  const [type, before] =
    account.logged_as === 'existing'
      ? ['coupon.changed', { before: account.logged_values }]
      : ['coupon.created', {}];
  const { count } = await sql`
    -- Changes of the coupon wait here. If one came first, it is in the log itself.
    with locked_coupon as (
      select * from coupons where name = ${account.name} for no key update
    ),
    unchanged_coupon as (
      select * from locked_coupon where ${versionOf(sql)} = ${account.version}
    )
    ${id.draw}
    insert into events (${id.column} type, coupon_names, data)
    select ${id.value} ${type}::text, array[name], ${JSON.stringify(before)}::text::jsonb || jsonb_build_object(
      'amount', amount, 'starts_at', starts_at, 'ends_at', ends_at, 'appended', true
    )
    from unchanged_coupon`;
  return count;
}

/** Appends the claims that still exist. @returns how many events it appended. */
async function appendClaims(
  sql: Sql,
  claims: readonly ClaimDifference[],
  place: { isCitus: boolean },
): Promise<number> {
  const id = eventId(sql, place, 'locked_claims');
  const [row] = await sql<{ count: number }[]>`
    with missing_claims as (
      select coupon_name, user_id, claim_number
      from unnest(
        ${claims.map(({ name }) => name)}::text[],
        ${claims.map(({ user_id }) => user_id)}::text[],
        ${claims.map(({ claim_number }) => claim_number)}::text[]::bigint[]
      ) as missing (coupon_name, user_id, claim_number)
    ),
    -- Other writers draw the ids of their events under this lock: the order of the ids stays that of the
    -- coupon's changes.
    locked_coupons as (
      select name
      from coupons
      where name in (select coupon_name from missing_claims)
      order by name
      for no key update
    ),
    -- The lock of a claim, taken after that of its coupon, leaves out a claim that was released meanwhile.
    -- Our snapshot, older than the locks, still shows it.
    locked_claims as (
      select claims.coupon_name, claims.user_id, claims.claim_number
      from locked_coupons
      join claims on claims.coupon_name = name
      join missing_claims using (coupon_name, user_id, claim_number)
      for key share of claims
    )
    ${id.draw}
    insert into events (${id.column} type, coupon_names, user_ids, claim_numbers, data)
    select ${id.value} 'claim.made', array_agg(coupon_name order by claim_number),
      array_agg(user_id order by claim_number), array_agg(claim_number order by claim_number),
      '{"appended": true}'
    from locked_claims
    having count(*) > 0
    returning cardinality(coupon_names) as count`;
  return row?.count ?? 0;
}
