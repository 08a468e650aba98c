import fc, { type Arbitrary } from 'fast-check';
import { decodeCursor, encodeCursor, type List, listByName, listByNumber } from '../../src/http/lists.js';
import { parseCsv, withoutFormula } from '../support/csv.js';
import type { RawAnswer } from '../support/raw-connection.js';
import type { Call } from './requests.js';
import type { Truth } from './truth.js';
import { shared } from './values.js';

/** Cursors of lists, and what is true of the answers of lists. */

const COUPONS = listByName('coupons');
const claimsOfCoupon = (name: string | undefined) => listByNumber(`claims of coupon ${name}`);
const claimsOfUser = (id: string | undefined) => listByName(`claims of user ${id}`);

const lists = [COUPONS, ...shared.flatMap((name) => [claimsOfCoupon(name), claimsOfUser(name)])];

/** Generates cursors of the lists whose names requests have in common, and some that no list has made. */
export const anyCursor: Arbitrary<string> = fc
  .tuple(fc.constantFrom(...lists), fc.constantFrom('', 'SALE', 'a', '🎟', '0', '3', '-1', '1e9', '\0'))
  .map(([list, position]) => encodeCursor(list, position));

function isCursorOf(list: List, cursor: string | undefined): boolean {
  return cursor === undefined || decodeCursor(list, cursor) !== undefined;
}

const LIMIT_DEFAULT = 100;

interface Page<Item> {
  items: Item[];
  next_cursor?: string;
}

/** Whether a page holds the whole list. */
const isWhole = ({ next_cursor }: Page<unknown>, { query }: Call) =>
  next_cursor === undefined && query['cursor'] === undefined && query['state'] === undefined;

const fits = ({ items }: Page<unknown>, { query }: Call) =>
  items.length <= Number(query['limit'] ?? LIMIT_DEFAULT);

export function isRefusedCouponPageTrue({ query }: Call): boolean {
  return !isCursorOf(COUPONS, query['cursor']);
}

export function isCouponPageTrue(call: Call, { body }: RawAnswer, before: Truth, after: Truth): boolean {
  const page: Page<{ name: string; state: string }> = JSON.parse(body);
  const { items } = page;
  const { cursor, state } = call.query;
  return (
    isCursorOf(COUPONS, cursor) &&
    fits(page, call) &&
    isAscending(items.map(({ name }) => name)) &&
    items.every((item) => state === undefined || item.state === state) &&
    (!isWhole(page, call) ||
      [...before.stock.keys()].every(
        (name) => after.corrected.has(name) || items.some((item) => item.name === name),
      ))
  );
}

interface ListedClaim {
  user_id: string;
  coupon_name: string;
}

export function isRefusedUserPageTrue({ input, query }: Call): boolean {
  return !isCursorOf(claimsOfUser(input['user_id']), query['cursor']);
}

export function isUserPageTrue(call: Call, { body }: RawAnswer, after: Truth): boolean {
  const page: Page<ListedClaim> = JSON.parse(body);
  const user = call.input['user_id'] as string;
  return (
    isCursorOf(claimsOfUser(user), call.query['cursor']) &&
    fits(page, call) &&
    isAscending(page.items.map(({ coupon_name }) => coupon_name)) &&
    page.items.every(({ user_id, coupon_name }) => {
      // The truth is about some coupons only.
      const isUnknown = after.corrected.has(coupon_name) || !after.stock.has(coupon_name);
      return user_id === user && (isUnknown || after.holders.get(coupon_name)?.has(user));
    })
  );
}

export function isRefusedClaimsTrue({ input, query }: Call, detail: string): boolean {
  if (detail.endsWith('need Accept: application/json')) return Object.keys(query).length > 0;
  return !isCursorOf(claimsOfCoupon(input['name']), query['cursor']);
}

export function areClaimsTrue(call: Call, answer: RawAnswer, before: Truth, after: Truth): boolean {
  const coupon = call.input['name'] as string;
  const type = answer.headers.get('content-type') ?? '';
  const isPage = type.startsWith('application/json');
  const page: Page<ListedClaim> = isPage
    ? JSON.parse(answer.body)
    : { items: streamedClaims(type, answer.body) };
  const shown = type.startsWith('text/csv') ? withoutFormula : (text: string) => text;
  const users = page.items.map(({ user_id }) => user_id);
  const holders = (truth: Truth) => [...(truth.holders.get(coupon) ?? [])].map(shown);
  return (
    (isPage ? fits(page, call) : Object.keys(call.query).length === 0) &&
    isCursorOf(claimsOfCoupon(coupon), call.query['cursor']) &&
    page.items.every(({ coupon_name }) => coupon_name === shown(coupon)) &&
    new Set(users).size === users.length &&
    users.every((user) => holders(after).includes(user)) &&
    (!isWhole(page, call) || holders(before).every((user) => users.includes(user)))
  );
}

function streamedClaims(type: string, body: string): ListedClaim[] {
  if (!type.startsWith('text/csv'))
    return body
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  return parseCsv(body)
    .slice(1)
    .map(([user_id = '', coupon_name = '']) => ({ user_id, coupon_name }));
}

function isAscending(names: string[]): boolean {
  return names.every(
    (name, i) => i === 0 || Buffer.compare(Buffer.from(names[i - 1]!), Buffer.from(name)) < 0,
  );
}
