import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import pino from 'pino';
import type { Sql } from 'postgres';
import { projectRoot } from '../../db/project-root.js';
import { readConfig } from '../../src/config.js';
import { connectShards } from '../../src/shards/connect.js';
import { hashOf } from '../../src/shards/hash.js';
import { type Shape, schemaOf } from '../../src/shards/shape.js';

const TABLES = ['coupons', 'claims', 'released_claims', 'events'];
/** Every shard has its own: they are read, and not written. */
const OWN_TABLES = ['event_log', 'relay', 'dead_letters', 'schema_migrations'];

/** Whether the suite runs against a Citus cluster: `npm run test:citus` sets it. */
export const isCitus = Boolean(process.env['TEST_DATABASE_CITUS']);

/** Why a test is skipped that holds a transaction open by hand. Its like is in test/citus. */
export const skipOpenTransactions = isCitus && 'through the views, each statement commits by itself';

/** How the suite divides the coupons of its tests: `npm run test:sharded` sets it. */
export const suiteShape: Shape = {
  shards: Number(process.env['TEST_DATABASE_SHARDS'] || 1),
  databases: Number(process.env['TEST_DATABASES'] || 1),
};

/**
 * Why a test is skipped that looks at where pages and cursors of one database end. Its like is in
 * test/shards.
 */
export const skipIfDivided = suiteShape.shards > 1 ? 'with shards, test/shards has tests of its own' : false;

const CITUS = '_citus';

/** The name of a database tells how many shards it has, in how many databases: see `divided`. */
export function databaseName({ shards, databases }: Shape, random: string): string {
  return shards === 1 ? `test_${random}` : `test_${random}_of_${shards}_${databases}${isCitus ? CITUS : ''}`;
}

/** The URLs of the databases that belong to one with such a name. They are on the same server. */
export function urlsOf(url: string): { urls: string[]; shape: Shape } {
  const [, shards, databases] = /\/test_[0-9a-f]+_of_(\d+)_(\d+)(_citus)?$/.exec(url) ?? [];
  if (shards === undefined) return { urls: [url], shape: { shards: 1, databases: 1 } };
  const shape = { shards: Number(shards), databases: Number(databases) };
  const others = Array.from({ length: shape.databases - 1 }, (_, i) => `${url}_${i + 1}`);
  return { urls: [url, ...others], shape };
}

/** The settings of a service, with the shards of its database. */
export function divided(settings: Record<string, string>): Record<string, string> {
  const { DATABASE_URL: url, ...others } = settings;
  if (url === undefined) return settings;
  const { urls, shape } = urlsOf(url);
  if (shape.shards === 1) return settings;
  return {
    DATABASE_URLS: urls.join(' '),
    DATABASE_SHARDS: String(shape.shards),
    ...(url.endsWith(CITUS) && { DATABASE_CITUS: 'true' }),
    ...others,
  };
}

/**
 * The database with the views. With Citus, it is one beside the shards, without Citus: there, views with
 * triggers do not work.
 */
export const viewsUrlOf = (url: string) => (url.endsWith(CITUS) ? `${url}_views` : url);

/** The table that has a coupon, or its claims. */
export function tableOf(table: string, couponName: string): string {
  return `${partOf(hashOf(couponName) % suiteShape.shards, suiteShape)}.${table}`;
}

/** The schema in which a test sees a shard: its own, or one of foreign tables. */
function partOf(shard: number, shape: Shape): string {
  const database = shard % shape.databases;
  return database === 0 && !isCitus ? schemaOf(shard, shape)! : `${schemaOf(shard, shape)}_remote`;
}

/**
 * Sets the databases up as the service does, and creates views that make all shards look like one database.
 * @param sql a connection to the database of viewsUrlOf.
 */
export async function createShardsIn(url: string, sql: Sql): Promise<void> {
  const { urls, shape } = urlsOf(url);
  const config = readConfig({
    DATABASE_SHARDS: String(shape.shards),
    DATABASE_URLS: urls.join(' '),
    DATABASE_CONNECTIONS_MAX: '100',
    DATABASE_CITUS: String(isCitus),
  });
  const connected = connectShards(urls, config, pino({ enabled: false }));
  const { waiting } = await connected.prepare().finally(() => connected.close());
  if (waiting[0]) throw waiting[0].error;
  for (const [database, other] of urls.entries()) {
    if (database > 0 || isCitus) await link(sql, database, other, shape);
  }
  await sql.unsafe(readFileSync(join(projectRoot, 'test/support/all-shards.sql'), 'utf8'));
  for (const table of [...TABLES, ...OWN_TABLES]) {
    const parts = Array.from(
      { length: shape.shards },
      (_, shard) => `select * from ${partOf(shard, shape)}.${table}`,
    );
    await sql.unsafe(`create view all_shards.${table} as ${parts.join(' union all ')}`);
  }
  for (const table of TABLES) {
    await sql.unsafe(`
      create trigger write_row instead of insert or update or delete on all_shards.${table}
      for each row execute function all_shards.write_row(${shape.shards}, ${shape.databases}, ${isCitus})`);
    if (!isCitus) continue;
    await sql.unsafe(`
      create trigger insert_into_citus after insert on all_shards.${table}
      for each statement execute function all_shards.insert_into_citus()`);
  }
}

/** Makes the shards of another database visible as foreign tables. */
async function link(sql: Sql, database: number, url: string, shape: Shape): Promise<void> {
  const { hostname, port, pathname, username, password } = new URL(url);
  const place = `host '${hostname}', port '${port}', dbname '${pathname.slice(1)}'`;
  const user = `user '${decodeURIComponent(username)}', password '${decodeURIComponent(password)}'`;
  await sql.unsafe(`
    create extension if not exists postgres_fdw;
    create extension if not exists dblink;
    create server other_${database} foreign data wrapper postgres_fdw options (${place});
    create user mapping for current_user server other_${database} options (${user})`);
  for (let shard = database; shard < shape.shards; shard += shape.databases) {
    const schema = schemaOf(shard, shape);
    await sql.unsafe(`
      create schema ${schema}_remote;
      import foreign schema ${schema} from server other_${database} into ${schema}_remote`);
  }
}
