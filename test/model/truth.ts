import { isDeepStrictEqual } from 'node:util';
import type { Sql } from 'postgres';
import type { Event } from '../../src/events/event.js';
import { replay } from '../support/events.js';
import type { Session } from './session.js';
import type { Coupon, State, Values } from './state.js';

/** The database itself: it must hold what the model has, and what the log tells. */

/** A coupon with its claims, in their order, and what was released. */
interface Row {
  name: string;
  values: Values;
  remaining: number;
  releases: number;
  claims: { user: string; key: string | null; number: number }[];
  released: { user: string; key: string | null }[];
}

/** Returns what differs, one sentence each. */
export async function differencesIn(sql: Sql, session: Session, states: State[]): Promise<string[]> {
  const rows = await readRows(sql, session.prefix);
  const { events } = session.consumer;
  return [
    ...differencesToModel(rows, states),
    ...differencesToLog(rows, events),
    ...differencesInTimes(session.claimTimes, events),
  ];
}

function differencesToModel(rows: Row[], states: State[]): string[] {
  const tables = rows.map(withoutNumbers);
  const models = states.map(({ coupons }) =>
    Object.entries(coupons).map(([name, coupon]) => rowOf(name, coupon)),
  );
  if (models.some((model) => isDeepStrictEqual(model, tables))) return [];
  const text = (coupons: object[]) => coupons.map((coupon) => `\n  ${JSON.stringify(coupon)}`).join('');
  return [`The tables are:${text(tables)}\nand the model is:${models.map(text).join('\nor:')}`];
}

function differencesToLog(rows: Row[], events: Event[]): string[] {
  const tables = Object.fromEntries(
    rows.map(({ name, values: { amount }, remaining, claims }) => [
      name,
      { amount, remaining, claims: claims.map(({ user, number }) => [user, number]) },
    ]),
  );
  const replayed = replay(events);
  if (isDeepStrictEqual(replayed, tables)) return [];
  return [`The tables are ${JSON.stringify(tables)}, and the log makes ${JSON.stringify(replayed)}`];
}

/** A claim has one time, in every list and in the log. */
function differencesInTimes(claimTimes: Set<string>, events: Event[]): string[] {
  const logged = new Set(
    events.map(({ subject, data, time }) => `${subject} ${'user_id' in data ? data.user_id : ''} ${time}`),
  );
  return [...claimTimes].filter((time) => !logged.has(time)).map((time) => `The log has no claim ${time}`);
}

function rowOf(name: string, coupon: Coupon): Omit<Row, 'claims'> & { claims: Row['released'] } {
  const { amount, starts_at, ends_at, claims, released } = coupon;
  return {
    name,
    values: { amount, ...(starts_at && { starts_at }), ...(ends_at && { ends_at }) },
    remaining: amount - claims.length,
    releases: released.length,
    claims: claims.map(({ user, key }) => ({ user, key })),
    released: sorted(released),
  };
}

function withoutNumbers({ name, values, remaining, releases, claims, released }: Row) {
  const inOrder = claims.map(({ user, key }) => ({ user, key }));
  return { name, values, remaining, releases, claims: inOrder, released: sorted(released) };
}

const sorted = (claims: Row['released']) =>
  claims
    .map(({ user, key }) => ({ user, key }))
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

async function readRows(sql: Sql, prefix: string): Promise<Row[]> {
  const rows = await sql<(Omit<Row, 'values'> & Values)[]>`
    select name, amount, remaining_amount as remaining, releases,
      starts_at, ends_at,
      (
        select coalesce(json_agg(claim order by number), '[]')
        from (
          select user_id as user, idempotency_key as key, claim_number as number
          from claims where coupon_name = name
        ) as claim
      ) as claims,
      (
        select coalesce(json_agg(claim), '[]')
        from (
          select user_id as user, idempotency_key as key from released_claims where coupon_name = name
        ) as claim
      ) as released
    from coupons
    -- No letter of a name comes behind ~.
    where name between ${prefix} and ${`${prefix}~`}
    order by name`;
  const text = JSON.stringify(rows).replaceAll(prefix, '');
  return JSON.parse(text, (name, value) => (name === 'key' ? givenKey(value) : value)).map(
    ({ amount, starts_at, ends_at, ...row }: Omit<Row, 'values'> & Values) => ({
      ...row,
      values: { amount, ...(starts_at && { starts_at }), ...(ends_at && { ends_at }) },
    }),
  );
}

/** A request without a key gets a random one. */
const givenKey = (key: string | null) => (key?.startsWith('key-') ? key : null);
