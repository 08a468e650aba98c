import pino from 'pino';
import postgres, { type Sql } from 'postgres';
import { audit } from '../../db/books/audit.js';
import { buildApp } from '../../src/app.js';
import { readConfig } from '../../src/config.js';
import { connectShards } from '../../src/shards/connect.js';
import type { Shards } from '../../src/shards/shards.js';
import { type Client, createClient } from './app.js';
import { createDatabase, UNDIVIDED } from './database.js';
import { patience } from './patience.js';
import type { Scope } from './scope.js';

/** Databases that hold shards, for one test. */
export interface ShardedDatabases {
  urls: string[];
  /** Of the service. */
  settings: Record<string, string>;
  /** Connects with shards, to look into them behind the service's back. */
  shards: Shards;
  /** A connection to each database. */
  sqls: Sql[];
}

/** Creates databases with shards, and drops them after the test. */
export async function createShards(
  t: Scope,
  { shards: count, databases }: { shards: number; databases: number },
): Promise<ShardedDatabases> {
  const created = [];
  for (let database = 0; database < databases; database++) {
    created.push(await createDatabase(t, { migrated: false, shape: UNDIVIDED }));
  }
  const urls = created.map(({ url }) => url);
  const settings = { DATABASE_SHARDS: String(count), DATABASE_URLS: urls.join(' ') };
  const shards = connect(t, urls, settings);
  const { waiting } = await shards.prepare();
  if (waiting[0]) throw waiting[0].error;
  return { urls, settings, shards, sqls: created.map(({ sql }) => sql) };
}

/** Connects until the test ends. */
export function connect(t: Scope, urls: readonly string[], settings: Record<string, string>): Shards {
  const config = readConfig({ ...patience, ...settings, DATABASE_URLS: urls.join(' ') });
  const shards = connectShards(urls, config, pino({ enabled: false }));
  t.teardown(() => shards.close());
  return shards;
}

/** Starts the application in this process, on these databases. */
export async function startShardedApp(
  t: Scope,
  { urls, settings }: Pick<ShardedDatabases, 'urls' | 'settings'>,
  more: Record<string, string> = {},
): Promise<Client & { log: Record<string, unknown>[] }> {
  const log: Record<string, unknown>[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => log.push(JSON.parse(line)) });
  const config = readConfig({ ...patience, ...settings, ...more, DATABASE_URLS: urls.join(' ') });
  const app = await buildApp({ config, databaseUrls: urls, logger });
  t.teardown(() => {
    const closed = app.close();
    app.server.closeAllConnections();
    return closed;
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const address = app.server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  return { ...createClient(t, `http://127.0.0.1:${port}`), log };
}

/** Audits each shard, and returns all differences. */
export async function auditShards({ shards, urls }: ShardedDatabases): Promise<string[]> {
  const sentences: string[] = [];
  for (const [shard, { schema }] of shards.all.entries()) {
    const sql = postgres(urls[shard % urls.length]!, { max: 1, onnotice: () => {} });
    await audit(sql, {
      schema,
      isMisplaced: (name) => shards.numberOf(name) !== shard,
      onDifferences: (found) => void sentences.push(...found.map(({ sentence }) => sentence)),
    }).finally(() => sql.end());
  }
  return sentences;
}

/** Names of coupons, `count` of each shard. */
export function namesInEach({ shards }: Pick<ShardedDatabases, 'shards'>, count: number): string[][] {
  const names: string[][] = shards.all.map(() => []);
  for (let i = 0; names.some(({ length }) => length < count); i++) {
    const own = names[shards.numberOf(`COUPON-${i}`)]!;
    if (own.length < count) own.push(`COUPON-${i}`);
  }
  return names;
}
