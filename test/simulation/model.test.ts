import postgres, { type Sql } from 'postgres';
import t from 'tap';
import { CLAIM_SETTINGS, claimCoupons } from '../../src/claims/claim-statement.js';
import { createDatabase, UNDIVIDED } from '../support/database.js';
import { lockAwaited } from '../support/locks.js';
import { decide, type Wanted } from './decide.js';
import { Random } from './random.js';
import type { Row, Stock } from './tables.js';

const CASES = 150;
const COUPONS = ['A', 'B', 'C'];
const USERS = ['ada', 'grace', 'alan', 'edsger'];

type Tables = Map<string, Stock>;

/**
 * The statement takes its snapshot, waits for the lock of a coupon, and reads on when somebody else
 * has changed the coupons and committed. Without stock there is no lock, and no wait.
 */
t.test('the model decides batches as the claim statement does, whatever changes behind it', async (t) => {
  const seed = Math.floor(Math.random() * 2 ** 40);
  t.comment(`seed ${seed}`);
  const random = new Random(seed);
  const { sql, url } = await createDatabase(t, { shape: UNDIVIDED });
  const ours = postgres(url, { max: 1, onnotice: () => {}, connection: CLAIM_SETTINGS });
  const other = await sql.reserve();
  t.teardown(async () => {
    other.release();
    await ours.end({ timeout: 1 });
  });

  for (let i = 0; i < CASES; i++) {
    await fillTables(sql, random);
    const before = await readTables(sql);
    const wanted = Array.from({ length: random.between(1, 6) }, () => drawRequest(random));
    const locked = COUPONS.filter(
      (name) => wanted.some(({ coupon }) => coupon === name) && (before.get(name)?.remaining ?? 0) > 0,
    );
    const replaced = new Set<string>();
    await other`begin`;
    const [first] = locked;
    if (first) await other`select from coupons where name = ${first} for update`;
    const answer = claimCoupons(ours, toRequests(wanted));
    if (first) {
      await lockAwaited(sql);
      for (let n = random.below(4); n > 0; n--) await changeTables(other, random, replaced);
    }
    const after = await readTables(other);
    await other`commit`;

    const model = decide(wanted, {
      seen: before,
      locked: new Map(
        [...after].filter(
          ([name, { remaining }]) => locked.includes(name) && !replaced.has(name) && remaining > 0,
        ),
      ),
      holds: (coupon, user) => after.get(coupon)?.rows.has(user) ?? false,
    });
    const modelSql = { unsafe: async () => [{ decisions: model.letters }] } as unknown as Sql;
    const { outcomes } = await claimCoupons(modelSql, toRequests(wanted));
    const story = { seed, case: i, before, wanted, after };
    t.same((await answer).outcomes, outcomes, 'the same outcomes', story);
    t.same(await readTables(sql), withClaims(after, wanted, model.made), 'the same claims and stock', story);
  }
});

function drawRequest(random: Random): Wanted {
  const user = random.pick(USERS);
  return { coupon: random.pick(COUPONS), user, key: `${user}-${random.between(1, 2)}` };
}

function toRequests(wanted: Wanted[]) {
  return wanted.map(({ coupon, user, key }) => ({ couponName: coupon, userId: user, key, isKeyGiven: true }));
}

async function fillTables(sql: Sql, random: Random): Promise<void> {
  await sql`truncate claims, coupons`;
  for (const name of COUPONS) {
    if (random.chance(0.1)) continue;
    const holders = USERS.filter(() => random.chance(0.3));
    await createCoupon(sql, name, holders.length + random.pick([0, 1, 1, 2, 3]));
    for (const user of holders) await addClaim(sql, name, user, random.pick([null, `${user}-1`]));
  }
}

async function createCoupon(sql: Sql, name: string, amount: number): Promise<void> {
  if (amount === 0) return;
  await sql`insert into coupons (name, amount, remaining_amount) values (${name}, ${amount}, ${amount})`;
}

async function addClaim(sql: Sql, name: string, user: string, key: string | null): Promise<void> {
  await sql`insert into claims (coupon_name, user_id, idempotency_key) values (${name}, ${user}, ${key})`;
  await sql`update coupons set remaining_amount = remaining_amount - 1 where name = ${name}`;
}

async function changeTables(sql: Sql, random: Random, replaced: Set<string>): Promise<void> {
  const name = random.pick(COUPONS);
  const user = random.pick(USERS);
  const stock = (await readTables(sql)).get(name);
  switch (random.pick(['restock', 'claim', 'claim', 'claim', 'revoke', 'replace'])) {
    case 'restock':
      await sql`
        update coupons set amount = amount + 1, remaining_amount = remaining_amount + 1 where name = ${name}`;
      break;
    case 'claim':
      if (stock && stock.remaining > 0 && !stock.rows.has(user)) {
        await addClaim(sql, name, user, random.pick([null, `${user}-1`, `${user}-2`]));
      }
      break;
    case 'revoke':
      if (!stock?.rows.has(user)) break;
      await sql`delete from claims where coupon_name = ${name} and user_id = ${user}`;
      await sql`update coupons set remaining_amount = remaining_amount + 1 where name = ${name}`;
      break;
    case 'replace':
      replaced.add(name);
      await sql`delete from claims where coupon_name = ${name}`;
      await sql`delete from coupons where name = ${name}`;
      await createCoupon(sql, name, random.below(3));
  }
}

/** The tables as the model has them. Rows by hand have no key. */
async function readTables(sql: Sql): Promise<Tables> {
  const tables: Tables = new Map();
  const coupons = await sql<{ name: string; amount: number; remaining: number }[]>`
    select name, amount, remaining_amount as remaining from coupons order by name`;
  for (const { name, ...stock } of coupons) {
    const claims = await sql<{ user: string; key: string | null }[]>`
      select user_id as user, idempotency_key as key
      from claims where coupon_name = ${name} order by claim_number`;
    const rows = new Map(claims.map((claim, i) => [claim.user, { ...claim, number: i } satisfies Row]));
    tables.set(name, { id: 0, ...stock, rows });
  }
  return tables;
}

function withClaims(tables: Tables, wanted: Wanted[], made: number[]): Tables {
  const changed = new Map(tables);
  for (const i of made) {
    const { coupon, user, key } = wanted[i] as Wanted;
    const stock = changed.get(coupon) as Stock;
    const rows = new Map(stock.rows).set(user, { user, key, number: stock.rows.size });
    changed.set(coupon, { ...stock, remaining: stock.remaining - 1, rows });
  }
  return changed;
}
