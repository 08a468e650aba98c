import type { Asked } from './asked.js';
import { LIMITS } from './plan.js';
import type { Coupon, Row } from './tables.js';

/**
 * Whether what a client was told was true at some moment between its request and now.
 * @returns what is wrong; undefined if nothing is.
 */
export function findLie(asked: Asked, coupon: Coupon, now: number): string | undefined {
  const { told, user } = asked;
  switch (told) {
    case 'claimed':
      return hadRow(asked, coupon, (row) => row.asked === asked)
        ? undefined
        : 'no claim of this request is committed';
    case 'replayed':
      return hadRow(asked, coupon, (row) => isOwn(asked, row))
        ? undefined
        : 'no claim with its key is committed';
    case 'already_claimed':
      return hadRow(asked, coupon, (row) => !isOwn(asked, row))
        ? undefined
        : `no other request of ${user} made a claim`;
    case 'out_of_stock':
      return coupon.was(asked.sinceCommit, (stock) => stock?.remaining === 0 && !stock.rows.has(user))
        ? undefined
        : `there was no moment without stock and without a claim of ${user}`;
    case 'coupon_not_found':
      return coupon.was(asked.sinceCommit, (stock) => stock === undefined)
        ? undefined
        : 'the coupon was there all the time';
    case 'OutcomeUnknown':
      return asked.unknownSince !== undefined && now - asked.unknownSince >= LIMITS.unknownMsMax
        ? undefined
        : 'the time to find the outcome out was not over';
  }
  if (asked.made) return 'a failure means that nothing was changed, and the request has made a claim';
  if (asked.unknownSince !== undefined) return 'its outcome is unknown';
  if (told !== 'Overloaded') return undefined;
  return asked.foundNoRoom || now - asked.at >= LIMITS.waitMsMax ? undefined : 'there was room, and time';
}

function hadRow({ user, sinceCommit }: Asked, coupon: Coupon, matches: (row: Row) => boolean): boolean {
  return coupon.was(sinceCommit, (stock) => {
    const row = stock?.rows.get(user);
    return row !== undefined && matches(row);
  });
}

function isOwn(asked: Asked, row: Row): boolean {
  return row.asked === asked || (asked.key !== undefined && row.key === asked.key);
}
