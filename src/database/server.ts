import { setTimeout as sleep } from 'node:timers/promises';
import type { Sql } from 'postgres';
import { isMigrated, type MigrationOptions, migrate } from '../../db/migrate.js';
import { Client, type ClientObserver } from './client.js';
import type { ConnectionBudget } from './connection-budget.js';
import type { Database } from './database.js';
import { isConnectionBroken, isTableMissing, PoolerFound } from './errors.js';
import { hostUrls } from './hosts.js';
import {
  beginWith,
  clientOptions,
  direct,
  pooled,
  type SessionSettings,
  sessionSettings,
} from './options.js';
import { Pages } from './pages.js';
import { Pool, type PoolUsage, type QueryObserver } from './pool.js';
import { type HostAnswer, Primary } from './primary.js';
import { DEFAULT_SCHEMA, inSchema } from './schema.js';

export interface ServerOptions {
  /** With one host or several. */
  url: string;
  /** Of the shards that live here. Undefined: there is one, in the default schema. */
  schemas: (string | undefined)[];
  /** Whether a pooler such as pgbouncer stands between. */
  isPooled: boolean;
  /** Whether it is the coordinator of a Citus cluster. */
  isCitus: boolean;
  connections: ConnectionBudget;
  statementTimeoutMs: number;
  lockTimeoutMs: number;
  /** A table that every host must be able to read. */
  probedTable: string;
  /** Completes a schema that has all migrations: see MigrationOptions. */
  finishSchema?: MigrationOptions['finish'];
  observer: ServerObserver;
}

export interface ServerObserver {
  /** The server did not answer a query within this time: 2 seconds, if it was asked whether it is up. */
  onHung: (timeoutMs: number) => void;
  onLost: () => void;
  onBack: (lostMs: number) => void;
  /** Gets a sentence about the migrations for an operator. */
  onMigrationNotice: (sentence: string) => void;
  /** A query of a pool has ended. Reads of answers of any length are left out. */
  onQuery?: QueryObserver | undefined;
}

/** A PostgreSQL, whose connections its shards share. */
export interface Server {
  /** In the order of the schemas. */
  readonly databases: readonly Database[];
  readonly isCitus: boolean;
  /** Runs a query outside of the shards. @throws as `Database.write`. */
  query<T>(run: (sql: Sql) => Promise<T>): Promise<T>;
  /**
   * Looks for the primary, if one of several hosts is it.
   * @throws PoolerFound.
   */
  check(): Promise<void>;
  /**
   * Applies the migrations that are pending to each shard, and returns their names.
   * @throws MigrationRefused, or the error of postgres.js.
   */
  migrate(): Promise<string[]>;
  readonly pools: PoolUsage[];
  /** Whether there was a primary when it was asked last: each second, or at once on doubt. */
  readonly isUp: boolean;
  /** Whether the primary answers, takes writes and has our tables. Never rejects; takes 2 seconds at most. */
  isHealthy(): Promise<boolean>;
  close(): Promise<void>;
}

const HEALTH_TIMEOUT_MS = 2_000;
/** PostgreSQL enforces the statement timeout. If it does not even do that, we give up ourselves. */
const GRACE_MS = 1_000;
const CLOSE_TIMEOUT_SECONDS = 5;
/** All statements of the transaction see the same moment. */
const BEGIN_SNAPSHOT = 'begin isolation level repeatable read read only';

export function openServer({
  url,
  schemas,
  isPooled,
  isCitus,
  connections,
  statementTimeoutMs,
  lockTimeoutMs,
  probedTable,
  finishSchema: finish,
  observer,
}: ServerOptions): Server {
  const clientObserver: ClientObserver = { onHung: observer.onHung, onDoubt: () => void primary.check() };
  const limits = { statementTimeoutMs, lockTimeoutMs };
  const clients: Client[] = [];
  const open = (settings: SessionSettings = {}) => {
    const client = new Client({
      ...clientSettings(sessionSettings(limits, settings), statementTimeoutMs + GRACE_MS),
      url: () => primary.url,
    });
    clients.push(client);
    return client;
  };
  const clientSettings = (settings: SessionSettings, timeoutMs: number) => ({
    options: clientOptions(settings, isPooled),
    transport: isPooled ? pooled(settings) : direct,
    timeoutMs,
    observer: clientObserver,
  });
  const openPool = (name: string, size: number) =>
    new Pool(
      name,
      Array.from({ length: size }, () => open()),
      observer.onQuery,
    );

  let isPoolerFound = false;
  let isTableSeen = false;
  const urls = hostUrls(url);
  const probers = new Map(urls.map((url) => [url, openProber(url)]));
  const primary = new Primary({
    urls,
    ask: async (url) => {
      const prober = probers.get(url) as Client;
      const answer = await askProber(prober).catch((error) => {
        isPoolerFound = /unsupported startup parameter/.test(String(error?.message));
        return 'none' as const;
      });
      // The name of the host may lead to another node next time.
      if (answer === 'read_only') prober.replace();
      return answer;
    },
    onMoved: () => {
      for (const client of clients) client.replace();
    },
    onLost: observer.onLost,
    onBack: observer.onBack,
  });
  async function askProber(prober: Client): Promise<HostAnswer> {
    const ask = (table?: string) => twice(() => prober.query((sql) => askHost(sql, table)));
    try {
      const answer = await ask(probedTable);
      isTableSeen = true;
      return answer;
    } catch (error) {
      // Before the first migration, no host has the table.
      if (isTableSeen || !isTableMissing(error)) throw error;
      return ask();
    }
  }
  function openProber(url: string) {
    const settings = sessionSettings({ statementTimeoutMs: HEALTH_TIMEOUT_MS, lockTimeoutMs }, {});
    return new Client({ ...clientSettings(settings, HEALTH_TIMEOUT_MS), url: () => url });
  }

  const writers = openPool('write', connections.writes);
  const readers = openPool('read', connections.reads);
  const pageReaders = openPool('read_pages', connections.longReads);

  const databaseIn = (schema: string | undefined): Database => {
    const own: SessionSettings = schema === undefined ? {} : { search_path: schema };
    const pages = {
      begin: beginWith(isPooled ? sessionSettings(limits, own) : own, BEGIN_SNAPSHOT),
      isHeld: !isPooled,
    };
    const readPages: Database['readPages'] = async (query) => {
      const client = await pageReaders.take();
      return Pages.open(client, pages, query, () => pageReaders.give(client));
    };
    return {
      schema,
      isCitus,
      write: (run) => writers.query(inSchema(schema, isPooled, run)),
      read: (run) => twice(() => readers.query(inSchema(schema, isPooled, run))),
      readPages: (query) => twice(() => readPages(query)),
      openClient: (settings) => open({ ...own, ...settings }),
    };
  };
  const databases = schemas.map(databaseIn);
  const isDivided = schemas.some((schema) => schema !== undefined);

  let isComplete = false;
  const hasOurTables = async () => {
    isComplete ||= await areMigrated(databases).catch(() => false);
    return isComplete;
  };

  const migrators = new Set<Client>();
  void primary.check();

  return {
    databases,
    isCitus,
    // A connection may have served a shard before.
    query: (run) => writers.query(inSchema(isDivided ? DEFAULT_SCHEMA : undefined, isPooled, run)),
    async check() {
      await primary.check();
      if (isPoolerFound) {
        throw new PoolerFound('a connection pooler refuses our session settings: set DATABASE_POOLER=true');
      }
    },
    async migrate() {
      // Without session settings and bounds: a migration may take long.
      const migrator = new Client({ ...clientSettings({}, Infinity), url: () => primary.url });
      migrators.add(migrator);
      try {
        const applied: string[] = [];
        for (const schema of schemas) {
          const options = { schema, finish, onNotice: observer.onMigrationNotice };
          applied.push(...(await migrate(migrator.sql, options)));
        }
        return applied;
      } finally {
        migrators.delete(migrator);
        await migrator.close(0);
      }
    },
    get pools() {
      return [writers, readers, pageReaders].map(({ usage }) => usage);
    },
    get isUp() {
      return primary.isUp;
    },
    isHealthy: () =>
      Promise.race([primary.check().then((isUp) => isUp && hasOurTables()), sleep(HEALTH_TIMEOUT_MS, false)]),
    async close() {
      primary.close();
      // A stop waits neither for the migrations of another server nor for a database that is away.
      for (const migrator of migrators) void migrator.close(0);
      for (const prober of probers.values()) void prober.close(0);
      const seconds = primary.isUp ? CLOSE_TIMEOUT_SECONDS : 0;
      await Promise.all(clients.map((client) => client.close(seconds)));
    },
  };
}

/** Standbys, and servers that are read-only by their configuration, take no writes. */
async function askHost(sql: Sql, table: string | undefined): Promise<HostAnswer> {
  const isReadable = table === undefined ? sql`true` : sql`exists (select from ${sql(table)})`;
  const [row] = await sql<{ read_only: boolean }[]>`
    select current_setting('transaction_read_only')::bool as read_only, ${isReadable}`;
  return row?.read_only ? 'read_only' : 'primary';
}

async function areMigrated(databases: readonly Database[]): Promise<boolean> {
  for (const database of databases) if (!(await database.read((sql) => isMigrated(sql)))) return false;
  return true;
}

/** Runs a read again, once, if its connection was broken: it changes nothing. */
function twice<T>(read: () => Promise<T>): Promise<T> {
  return read().catch((error) => {
    if (isConnectionBroken(error)) return read();
    throw error;
  });
}
