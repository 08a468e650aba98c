import { eventId } from '../../db/event-id.js';
import type { Database } from '../database/database.js';
import { breaksConstraint } from '../database/errors.js';
import { type Coupon, type CouponRow, couponColumns, couponOf } from './coupon.js';

export type DeleteOutcome = { deleted: Coupon } | 'coupon_not_found' | 'coupon_has_claims';

type Row = ({ refusal: null } & CouponRow) | { refusal: 'coupon_not_found' | 'coupon_has_claims' };

/** Deletes a coupon that was never claimed. Otherwise it changes nothing. */
export async function deleteCoupon(database: Database, name: string): Promise<DeleteOutcome> {
  const run = database.write((sql) => {
    const id = eventId(sql, database, 'deleted_coupon');
    return sql<[Row]>`
      -- Claims of the coupon wait here. A claim that was made and released since our snapshot shows in the
      -- locked row alone.
      with locked_coupon as (
        select name as locked_name, releases as all_releases from coupons where name = ${name} for update
      ),
      deleted_coupon as (
        delete from coupons
        using locked_coupon
        where name = locked_name and all_releases = 0
          and not exists (select from claims where coupon_name = name)
          and not exists (select from released_claims where coupon_name = name)
        returning coupons.*
      )
      ${id.draw},
      logged_deletion as (
        insert into events (${id.column} type, coupon_names)
        select ${id.value} 'coupon.deleted', array[name] from deleted_coupon
      )
      select ${couponColumns(sql)}, case
        when deleted_coupon.name is not null then null
        -- Two deletions at once: the second one sees the coupon, and does not delete it.
        when exists (
          select true from claims where coupon_name = ${name}
          union all
          select true from released_claims where coupon_name = ${name}
          union all
          select true from locked_coupon where all_releases > 0
        ) then 'coupon_has_claims'
        else 'coupon_not_found'
      end as refusal
      from (values (0)) as one_row left join deleted_coupon on true`;
  });
  try {
    const [row] = await run;
    return row.refusal ?? { deleted: couponOf(row) };
  } catch (error) {
    // The foreign key saw a claim that our snapshot did not.
    if (breaksConstraint(error, 'claims_coupon_name_fkey')) {
      return 'coupon_has_claims';
    }
    throw error;
  }
}
