import type { components, extensibleEnums } from '../generated/openapi.js';

type Schemas = components['schemas'];

/**
 * A value of a list that may grow. Editors offer the values that are known, and any other string is accepted.
 */
type Open<List extends keyof extensibleEnums> = extensibleEnums[List] | (string & {});

export type CouponState = Open<'CouponState'>;
export type ErrorCode = Open<'ErrorCode'>;
/** A coupon. Answers about one coupon may have its holders, `claimed_by`. */
export type Coupon = Omit<Schemas['Coupon'], 'state'> & { state: CouponState };
export type NewCoupon = Schemas['NewCoupon'];
export type CouponChange = Schemas['CouponChange'];
/** A claim, with its place in the order. */
export type Claim = Schemas['Claim'];
export type ListedClaim = Schemas['ListedClaim'];
export type Problem = Omit<Schemas['Problem'], 'code'> & { code: ErrorCode };
/** A change in the log, with the attributes of CloudEvents 1.0. */
export type CouponEvent = Omit<Schemas['Event'], 'type'> & { type: Open<'Event.type'> };

type Data = Schemas['EventData'];
type With<Keys extends keyof Data> = Required<Pick<Data, Keys>>;
type Window = Pick<Data, 'starts_at' | 'ends_at'>;

/** The data of an event, by its type. */
export interface EventData {
  'coupon.created': With<'name' | 'amount'> & Window;
  'coupon.changed': With<'name' | 'amount' | 'before'> & Window;
  'coupon.deleted': With<'name'>;
  'claim.made': With<'coupon_name' | 'user_id' | 'claim_number'>;
  'claim.released': With<'coupon_name' | 'user_id' | 'claim_number'>;
}

/** An event whose type is known. */
export type EventOf<Type extends keyof EventData> = Type extends unknown
  ? Omit<CouponEvent, 'type' | 'data'> & { type: Type; data: EventData[Type] }
  : never;

/** Whether an event is of one of these types. TypeScript then knows its data. */
export function isEvent<Type extends keyof EventData>(
  event: CouponEvent,
  ...types: Type[]
): event is EventOf<Type> {
  return (types as string[]).includes(event.type);
}
