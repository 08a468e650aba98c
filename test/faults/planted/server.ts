import postgres from 'postgres';
import { buildApp, openLanes } from '../../../src/app.js';
import { type Claims, claimSingly } from '../../../src/claims/claims.js';
import { readConfig } from '../../../src/config.js';
import { createLogger } from '../../../src/logger.js';
import { type Bug, type BugName, bugs } from './bugs.js';

/** The service with a defect, which PLANTED_BUG names. It is not part of the program: tests start it. */
const bug: Bug = bugs[process.env['PLANTED_BUG'] as BugName];
const config = readConfig(process.env);
const databaseUrl = config.DATABASE_URL as string;
const logger = createLogger(config.LOG_LEVEL);

let claims: Claims | undefined;
const app = await buildApp({
  config,
  databaseUrls: [databaseUrl],
  logger,
  claims: {
    claimCoupon: (...claim) => claims!.claimCoupon(...claim),
    claimCoupons: (...all) => claims!.claimCoupons(...all),
  },
});
const lanes = openLanes(app.shards, config);
const sql = postgres(databaseUrl, { max: 10, onnotice: () => {}, fetch_types: false });
claims = bug.claims ? claimSingly(bug.claims(lanes, sql)) : lanes;
if (bug.many) {
  const claimCoupons = bug.many(lanes);
  claims = { claimCoupon: (...claim) => lanes.claimCoupon(...claim), claimCoupons };
}
bug.app?.(app);

process.on('SIGTERM', async () => {
  await app.close();
  lanes.close();
  await sql.end({ timeout: 1 });
  process.exit();
});
await app.listen({ port: config.PORT, host: config.HOST });
