/**
 * What the service must know: the model. It is plain data, so that it can be copied, compared and printed.
 * Times are far away from now: no clock decides what a request is answered.
 */
export interface State {
  coupons: Record<string, Coupon>;
  /** The events of each coupon in their order, also of a coupon that was deleted. See `eventWords`. */
  log: Record<string, string[]>;
  /** Behind which item the next page of a list begins, by the number of the walk through the list. */
  walks: Record<number, string | number>;
}

export interface Coupon extends Values {
  /** In their order. */
  claims: Claim[];
  /** The claims that were released. */
  released: Omit<Claim, 'number'>[];
}

/** What a client sets, and what events of coupons have. */
export interface Values {
  amount: number;
  starts_at?: string;
  ends_at?: string;
}

interface Claim {
  user: string;
  key: string | null;
  /** Which claim of the coupon it was, with those that have been released: 1, 2, … */
  number: number;
}

const DAY_MS = 86_400_000;
const now = Math.floor(Date.now() / 1000) * 1000;
/** By the words for them. */
export const TIMES = {
  'two days ago': new Date(now - 2 * DAY_MS).toISOString(),
  yesterday: new Date(now - DAY_MS).toISOString(),
  tomorrow: new Date(now + DAY_MS).toISOString(),
  'in two days': new Date(now + 2 * DAY_MS).toISOString(),
};
export type Time = keyof typeof TIMES;

const isFuture = (time: string) => time > new Date(now).toISOString();

export const emptyState = (): State => ({ coupons: {}, log: {}, walks: {} });

export const remainingOf = ({ amount, claims }: Coupon) => amount - claims.length;

export function stateOf(coupon: Coupon): 'scheduled' | 'ended' | 'sold_out' | 'open' {
  if (coupon.starts_at && isFuture(coupon.starts_at)) return 'scheduled';
  if (coupon.ends_at && !isFuture(coupon.ends_at)) return 'ended';
  return remainingOf(coupon) === 0 ? 'sold_out' : 'open';
}

/** Whether the window would end before it starts. */
export const isReversed = ({ starts_at, ends_at }: Partial<Values>) =>
  starts_at !== undefined && ends_at !== undefined && starts_at >= ends_at;

/** A coupon as lists show it. */
export function listed(name: string, coupon: Coupon) {
  const { amount, starts_at, ends_at } = coupon;
  const window = { ...(starts_at && { starts_at }), ...(ends_at && { ends_at }) };
  return { name, amount, remaining_amount: remainingOf(coupon), state: stateOf(coupon), ...window };
}

/** Adds a coupon. Equal states have equal JSON: the names are in order. */
export function addCoupon(state: State, name: string, coupon: Coupon): void {
  state.coupons = inOrder({ ...state.coupons, [name]: coupon });
}

export function appendEvent(state: State, coupon: string, words: string): void {
  state.log = inOrder({ ...state.log, [coupon]: [...(state.log[coupon] ?? []), words] });
}

function inOrder<T>(record: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

type EventData = Partial<Values> & { user_id?: string; before?: Values };

/** An event in words, without the number of a claim: the model does not know it. */
export function eventWords(type: string, data: object = {}): string {
  const { amount, starts_at, ends_at, user_id, before } = data as EventData;
  const parts = [
    user_id,
    valueWords({ amount, starts_at, ends_at }),
    before && `instead of ${valueWords(before)}`,
  ];
  return [type, ...parts.filter(Boolean)].join(' ');
}

const valueWords = ({ amount, ...window }: { [Name in keyof Values]?: Values[Name] | undefined }) =>
  amount === undefined ? '' : `${unitWords(amount)}${windowWords(window)}`;

export const unitWords = (amount: number) => (amount === 1 ? '1 unit' : `${amount} units`);

/** ` from yesterday until tomorrow` */
export function windowWords(bounds: {
  starts_at?: string | null | undefined;
  ends_at?: string | null | undefined;
}): string {
  const words = (bound: string, time: string | null | undefined) => {
    if (time === undefined) return '';
    const name = Object.entries(TIMES).find(([, at]) => at === time)?.[0];
    return ` ${bound} ${time === null ? 'any time' : (name ?? time)}`;
  };
  return words('from', bounds.starts_at) + words('until', bounds.ends_at);
}
