import { eventId } from '../../db/event-id.js';
import type { Database } from '../database/database.js';

/**
 * Releases the claim of a user, and puts its unit back into the stock. The user may claim again. A retry
 * of the request that made the claim may not: its key is remembered.
 * @returns false if there is no such claim. Then nothing was changed.
 */
export async function releaseClaim(database: Database, couponName: string, userId: string): Promise<boolean> {
  const [row] = await database.write((sql) => {
    const id = eventId(sql, database, 'released_claim');
    return sql<{ count: number }[]>`
      -- Claims are made under this lock, too. A claim statement that waited for it finds another number
      -- of releases, and so learns that its snapshot does not show this one.
      with locked_coupon as (
        select name from coupons where name = ${couponName} for no key update
      ),
      released_claim as (
        delete from claims
        using locked_coupon
        where coupon_name = locked_coupon.name and user_id = ${userId}
        returning coupon_name, user_id, claim_number, idempotency_key, created_at
      ),
      remembered_claim as (
        insert into released_claims (coupon_name, user_id, claim_number, idempotency_key, claimed_at)
        select coupon_name, user_id, claim_number, idempotency_key, created_at from released_claim
        -- A claim that was inserted by hand may have a number that was used before.
        on conflict on constraint released_claims_pkey do nothing
      ),
      returned_unit as (
        update coupons
        -- A claim that was inserted by hand may have taken no unit.
        set remaining_amount = least(remaining_amount + 1, amount), releases = releases + 1
        from released_claim
        where coupons.name = coupon_name
      )
      ${id.draw},
      logged_release as (
        insert into events (${id.column} type, coupon_names, user_ids, claim_numbers)
        select ${id.value} 'claim.released', array[coupon_name], array[user_id], array[claim_number] from released_claim
      )
      select count(*)::int as count from released_claim`;
  });
  return row?.count === 1;
}
