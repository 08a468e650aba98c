import postgres, { type Sql } from 'postgres';
import { buildApp } from '../../src/app.js';
import { CLAIM_SETTINGS, claimCoupons } from '../../src/claims/claim-statement.js';
import { type Claims, claimSingly } from '../../src/claims/claims.js';
import type { ClaimOutcome } from '../../src/claims/outcome.js';
import { readConfig } from '../../src/config.js';
import { CONNECTION_BACKLOG_MAX, Listeners } from '../../src/http/listeners.js';
import { createLogger } from '../../src/logger.js';
import { openRedisLanes } from './claim-script.js';

/**
 * The peers of the engine: the same HTTP server and validation, and another way to decide a claim.
 * Usage: node peer-server.js row-lock|statement|redis|ceiling|refusal, with the settings of the service, and
 * REDIS_URL.
 */
type ClaimCoupon = Claims['claimCoupon'];

const POOL_SIZE = 25;

const config = readConfig(process.env);
const databaseUrl = config.DATABASE_URL as string;
const logger = createLogger(config.LOG_LEVEL);

const openPool = (connection: Record<string, string>) =>
  postgres(databaseUrl, { max: POOL_SIZE, connection });
const peers: Record<string, () => ClaimCoupon | Promise<ClaimCoupon>> = {
  'row-lock': () => claimByRowLock(openPool({ enable_seqscan: 'off' })),
  statement: () => claimByStatement(openPool(CLAIM_SETTINGS)),
  redis: async () => {
    const lanes = await openRedisLanes(process.env['REDIS_URL'] as string, config);
    return lanes.claimCoupon.bind(lanes);
  },
  ceiling: () => () => Promise.resolve('claimed'),
  refusal: () => () => Promise.resolve('out_of_stock'),
};

const claimCoupon = await peers[process.argv[2] ?? '']?.();
if (!claimCoupon) throw new Error(`no such peer: ${process.argv[2]}`);
const app = await buildApp({ config, databaseUrls: [databaseUrl], logger, claims: claimSingly(claimCoupon) });
const listeners = new Listeners(app);
await app.listen({ port: config.PORT, host: config.HOST, backlog: CONNECTION_BACKLOG_MAX });
await listeners.copy();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => process.exit());

/**
 * The classical way: lock the coupon, look, insert, count down. Six round trips, five of them with the row
 * locked.
 */
function claimByRowLock(pool: Sql): ClaimCoupon {
  return (couponName, userId) =>
    pool.begin(async (sql): Promise<ClaimOutcome> => {
      const [coupon] = await sql<{ remaining_amount: number }[]>`
        select remaining_amount from coupons where name = ${couponName} for update`;
      if (!coupon) return 'coupon_not_found';
      const [held] = await sql`
        select 1 as held from claims where coupon_name = ${couponName} and user_id = ${userId}`;
      if (held) return 'already_claimed';
      if (coupon.remaining_amount === 0) return 'out_of_stock';
      await sql`insert into claims (coupon_name, user_id) values (${couponName}, ${userId})`;
      await sql`update coupons set remaining_amount = remaining_amount - 1 where name = ${couponName}`;
      return 'claimed';
    }) as Promise<ClaimOutcome>;
}

/** The statement of the engine, with one claim in each. */
function claimByStatement(pool: Sql): ClaimCoupon {
  let keys = 0;
  return async (couponName, userId) => {
    const request = { couponName, userId, key: `peer.${process.pid}.${++keys}`, isKeyGiven: false };
    for (;;) {
      const [outcome] = (await claimCoupons(pool, [request])).outcomes;
      if (outcome) return outcome;
    }
  };
}
