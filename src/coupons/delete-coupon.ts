import postgres from 'postgres';
import type { Database } from '../database/database.js';

export type DeleteOutcome = 'deleted' | 'coupon_not_found' | 'coupon_has_claims';

/** Deletes a coupon that was never claimed. Otherwise it changes nothing. */
export async function deleteCoupon(database: Database, name: string): Promise<DeleteOutcome> {
  const run = database.write(
    (sql) => sql<{ outcome: DeleteOutcome }[]>`
      with deleted_coupon as (
        delete from coupons
        where name = ${name}
          and not exists (select from claims where coupon_name = name)
          and not exists (select from released_claims where coupon_name = name)
        returning name
      ),
      logged_deletion as (
        insert into events (type, coupon_names)
        select 'coupon.deleted', array[name] from deleted_coupon
      )
      select case
        when exists (select from deleted_coupon) then 'deleted'
        -- Two deletions at once: the second one sees the coupon, and does not delete it.
        when exists (
          select from claims where coupon_name = ${name}
          union all
          select from released_claims where coupon_name = ${name}
        ) then 'coupon_has_claims'
        else 'coupon_not_found'
      end as outcome`,
  );
  try {
    const [row] = await run;
    return (row as { outcome: DeleteOutcome }).outcome;
  } catch (error) {
    // The foreign key saw a claim that our snapshot did not.
    if (error instanceof postgres.PostgresError && error.constraint_name === 'claims_coupon_name_fkey') {
      return 'coupon_has_claims';
    }
    throw error;
  }
}
