import { randomBytes } from 'node:crypto';
import postgres, { type Sql } from 'postgres';
import { migrate } from '../../db/migrate.js';
import type { Shape } from '../../src/shards/shape.js';
import { createShardsIn, databaseName, isCitus, suiteShape, urlsOf, viewsUrlOf } from './all-shards.js';
import { createOnCluster, dropFromCluster } from './citus.js';
import type { Scope } from './scope.js';

/** A database for one test, with our tables. */
export interface TestDatabase {
  url: string;
  /** Reads the tables, and changes them behind the server's back. */
  sql: Sql;
  /** Creates a coupon without the service, but with its event. */
  createCoupon(name: string, amount: number): Promise<unknown>;
}

/** Coupons are not divided, whatever the suite is run with: for tests of what is in one shard. */
export const UNDIVIDED: Shape = { shards: 1, databases: 1 };

/** Creates an empty database on the test server, and drops it after the test. */
export async function createDatabase(
  t: Scope,
  {
    migrated = true,
    connectionsMax = 4,
    shape = suiteShape,
  }: { migrated?: boolean; connectionsMax?: number; shape?: Shape } = {},
): Promise<TestDatabase> {
  const server = process.env['TEST_DATABASE_URL'];
  if (!server) throw new Error('TEST_DATABASE_URL is not set: run the tests with npm test');
  const name = databaseName(shape, randomBytes(6).toString('hex'));
  const admin = postgres(server, { max: 1, onnotice: () => {} });
  const url = new URL(server);
  url.pathname = `/${name}`;
  const names = urlsOf(url.href).urls.map(databaseOf);
  const isOnCluster = isCitus && shape.shards > 1;
  if (isOnCluster) {
    await createOnCluster(server, name);
    await admin`create database ${admin(databaseOf(viewsUrlOf(url.href)))}`;
  } else for (const name of names) await admin`create database ${admin(name)}`;
  const isSharded = migrated && shape.shards > 1;
  const viewsUrl = viewsUrlOf(url.href);
  const sql = postgres(viewsUrl, {
    max: connectionsMax,
    onnotice: () => {},
    ...(isSharded && { connection: { search_path: 'all_shards, public' } }),
  });
  t.teardown(async () => {
    await sql.end({ timeout: 1 });
    if (isOnCluster) {
      await admin`drop database ${admin(databaseOf(viewsUrlOf(url.href)))} with (force)`;
      await dropFromCluster(server, name);
    } else for (const name of names) await admin`drop database ${admin(name)} with (force)`;
    await admin.end();
  });
  if (migrated) {
    const migrator = postgres(viewsUrl, { max: 1, onnotice: () => {} });
    if (isSharded) await createShardsIn(url.href, migrator);
    else await migrate(migrator);
    await migrator.end();
  }
  return {
    url: url.href,
    sql,
    createCoupon: (name, amount) =>
      sql`
        with created_coupon as (
          insert into coupons (name, amount, remaining_amount) values (${name}, ${amount}, ${amount})
          returning name, amount
        )
        insert into events (type, coupon_names, data)
        select 'coupon.created', array[name], jsonb_build_object('amount', amount) from created_coupon`,
  };
}

const databaseOf = (url: string) => new URL(url).pathname.slice(1);
