import type { Sql } from 'postgres';
import type { Event } from '../../src/events/event.js';
import type { EventPage } from '../../src/events/event-log.js';
import type { Client } from './app.js';

/** Reads a page of the log. @throws Error if it is refused. */
export async function readPage(
  client: Client,
  query: { after?: string | undefined; limit?: number; wait?: number } = {},
): Promise<EventPage> {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.set(name, String(value));
  }
  const answer = await client.request('GET', `/api/events?${parameters}`);
  if (answer.status !== 200) throw new Error(`${answer.status}: ${answer.text}`);
  return answer.json<EventPage & Record<string, unknown>>();
}

/** Reads until there is nothing new. */
export async function readAll(client: Client, after?: string, limit = 100): Promise<Event[]> {
  const events: Event[] = [];
  for (;;) {
    const page = await readPage(client, { after, limit });
    if (page.items.length === 0) return events;
    events.push(...page.items);
    after = page.next_cursor;
  }
}

/** An event in a few words: `claim.made SUMMER ada`. */
export function inWords({ type, subject, data }: Event): string {
  return [type, subject, 'user_id' in data ? data.user_id : ''].join(' ').trim();
}

/** A coupon as the log has it. */
export interface ReplayedCoupon {
  amount: number;
  remaining: number;
  /** Users and the numbers of their claims, in the order of the claims. */
  claims: [user: string, number: number][];
}

/** What an event tells of a claim. Undefined: it is about a coupon. */
export function claimIn(data: Event['data']): Required<ClaimData> | undefined {
  return data.claim_number === undefined ? undefined : (data as Required<ClaimData>);
}

type ClaimData = Pick<Event['data'], 'coupon_name' | 'user_id' | 'claim_number'>;

/** Makes the tables from the log. @throws Error at an event that contradicts the ones before it. */
export function replay(events: Iterable<Event>): Record<string, ReplayedCoupon> {
  const coupons = new Map<string, ReplayedCoupon>();
  for (const { type, subject, data, id } of events) {
    const coupon = coupons.get(subject);
    const wrong = () => new Error(`${id}: ${type} ${JSON.stringify(data)} after ${JSON.stringify(coupon)}`);
    const claim = claimIn(data);
    if (claim) {
      if (!coupon) throw wrong();
      const { user_id: user, claim_number: number } = claim;
      const at = coupon.claims.findIndex(([holder]) => holder === user);
      if (type === 'claim.made') {
        if (at !== -1 || number <= (coupon.claims.at(-1)?.[1] ?? 0) || coupon.remaining === 0) throw wrong();
        coupon.claims.push([user, number]);
        coupon.remaining--;
      } else {
        if (type !== 'claim.released' || coupon.claims[at]?.[1] !== number) throw wrong();
        coupon.claims.splice(at, 1);
        coupon.remaining++;
      }
    } else if ('amount' in data) {
      if ((type === 'coupon.created') !== (coupon === undefined)) throw wrong();
      const claims = coupon?.claims ?? [];
      coupons.set(subject, { amount: data.amount, remaining: data.amount - claims.length, claims });
    } else {
      if (type !== 'coupon.deleted' || !coupon || coupon.claims.length > 0) throw wrong();
      coupons.delete(subject);
    }
  }
  return Object.fromEntries([...coupons].sort());
}

/** The tables themselves, in the same form. */
export async function readTables(sql: Sql): Promise<Record<string, ReplayedCoupon>> {
  const coupons = await sql<
    { name: string; amount: number; remaining_amount: number }[]
  >`select * from coupons`;
  const claims = await sql<{ coupon_name: string; user_id: string; number: number }[]>`
    select coupon_name, user_id, claim_number::float8 as number from claims order by claim_number`;
  const tables = Object.fromEntries(
    coupons
      .map(({ name, amount, remaining_amount: remaining }): [string, ReplayedCoupon] => [
        name,
        { amount, remaining, claims: [] },
      ])
      .sort(([a], [b]) => (a < b ? -1 : 1)),
  );
  for (const { coupon_name, user_id, number } of claims) tables[coupon_name]?.claims.push([user_id, number]);
  return tables;
}
