import { setTimeout as sleep } from 'node:timers/promises';
import postgres, { type Sql } from 'postgres';
import { migrate } from '../../db/migrate.js';
import type { ConnectionBudget } from '../config.js';
import { Client, type ClientObserver } from './client.js';
import { isConnectionBroken, PoolerFound } from './errors.js';
import { Gate } from './gate.js';
import { hostUrls } from './hosts.js';
import {
  CONNECT_TIMEOUT_SECONDS,
  clientOptions,
  direct,
  pooled,
  type SessionSettings,
  sessionSettings,
} from './options.js';
import { type HostAnswer, Primary } from './primary.js';

export interface DatabaseOptions {
  /** With one host or several. */
  url: string;
  /** Whether a pooler such as pgbouncer stands between. */
  isPooled: boolean;
  connections: ConnectionBudget;
  statementTimeoutMs: number;
  lockTimeoutMs: number;
  observer: DatabaseObserver;
}

export interface DatabaseObserver {
  /** The database did not answer a query in time. */
  onHung: () => void;
  onLost: () => void;
  onBack: (lostMs: number) => void;
}

/** The database, as this service uses it. Every wait is bounded. */
export interface Database {
  /** Runs a write. @throws Overloaded, DatabaseTimeout, or the error of postgres.js. */
  write<T>(run: (sql: Sql) => Promise<T>): Promise<T>;
  /** Runs a read with a short answer. @throws as `write`. */
  read<T>(run: (sql: Sql) => Promise<T>): Promise<T>;
  /**
   * Runs a read with an answer of any length, over a connection of its own. The connection is held
   * until `release` is called. The bound is on `run`, which ends with the first page. @throws as `write`.
   */
  readLong<T>(run: (sql: Sql, release: () => void) => Promise<T>): Promise<T>;
  /** Opens a client of one connection, with session settings of its own. `close` closes it, too. */
  openClient(settings: SessionSettings): Client;
  /**
   * Applies the migrations that are pending, and returns their names.
   * @throws MigrationRefused, PoolerFound, or the error of postgres.js.
   */
  migrate(): Promise<string[]>;
  /** Whether the primary answers, takes writes and has our tables. Never rejects; takes 2 seconds at most. */
  isHealthy(): Promise<boolean>;
  close(): Promise<void>;
}

const HEALTH_TIMEOUT_MS = 2_000;
/** A long answer takes as long as its reader, within this. */
const LONG_READ_TIMEOUT_MS = 600_000;
const LONG_READS_WAITING_MAX = 1_000;
const LONG_READ_WAIT_MS_MAX = 5_000;
/** PostgreSQL enforces the statement timeout. If it does not even do that, we give up ourselves. */
const GRACE_MS = 1_000;
const CLOSE_TIMEOUT_SECONDS = 5;

export function openDatabase({
  url,
  isPooled,
  connections,
  statementTimeoutMs,
  lockTimeoutMs,
  observer,
}: DatabaseOptions): Database {
  const clientObserver: ClientObserver = { onHung: observer.onHung, onDoubt: () => void primary.check() };
  const clients: Client[] = [];
  const open = (
    connectionsMax: number,
    statementMs: number,
    timeoutMs: number,
    settings: SessionSettings = {},
    currentUrl = () => primary.url,
  ) => {
    const limits = { connectionsMax, statementTimeoutMs: statementMs, lockTimeoutMs };
    const all = sessionSettings(limits, settings);
    return new Client({
      url: currentUrl,
      options: clientOptions(connectionsMax, all, isPooled),
      transport: isPooled ? pooled(all) : direct,
      timeoutMs,
      observer: clientObserver,
    });
  };
  const openOwn = (...options: Parameters<typeof open>) => {
    const client = open(...options);
    clients.push(client);
    return client;
  };

  const urls = hostUrls(url);
  const probers = new Map(urls.map((url) => [url, openProber(url)]));
  const primary = new Primary({
    urls,
    ask: async (url) => {
      const prober = probers.get(url) as Client;
      const answer = await prober
        .query(askHost)
        .catch((error) => {
          // One broken connection is no loss. A second query could still meet the one that is closing.
          if (!isConnectionBroken(error)) throw error;
          prober.replace();
          return prober.query(askHost);
        })
        .catch(() => 'none' as const);
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
  function openProber(url: string) {
    return open(connections.health, HEALTH_TIMEOUT_MS, HEALTH_TIMEOUT_MS, {}, () => url);
  }

  const timeoutMs = statementTimeoutMs + GRACE_MS;
  const writer = openOwn(connections.writes, statementTimeoutMs, timeoutMs);
  const reader = openOwn(connections.reads, statementTimeoutMs, timeoutMs);
  // Each has a client of its own: one that hangs does not take the others with it.
  const longReaders = Array.from({ length: connections.longReads }, () =>
    openOwn(1, LONG_READ_TIMEOUT_MS, timeoutMs),
  );
  const longReads = new Gate({
    max: longReaders.length,
    waitingMax: LONG_READS_WAITING_MAX,
    waitMsMax: LONG_READ_WAIT_MS_MAX,
  });
  const readLong: Database['readLong'] = async (run) => {
    await longReads.enter();
    const client = longReaders.pop() as Client;
    let isHeld = true;
    let end: () => void = () => {};
    const ended = new Promise<void>((resolve) => (end = resolve));
    const release = () => {
      if (!isHeld) return;
      isHeld = false;
      end();
      longReaders.push(client);
      longReads.leave();
    };
    try {
      if (!isPooled) return await client.start((sql) => run(sql, release));
      // The transaction that carries the settings lasts until the release.
      return await new Promise((resolve, reject) => {
        client
          .start((sql) => {
            const first = run(sql, release);
            first.then(resolve, reject);
            return first.then(() => ended);
          })
          .catch(reject);
      });
    } catch (error) {
      release();
      throw error;
    }
  };

  const migrations = new Set<Sql>();
  void primary.check();

  return {
    write: (run) => writer.query(run),
    read: (run) => twice(() => reader.query(run)),
    readLong: (run) => twice(() => readLong(run)),
    openClient: (settings) => openOwn(1, statementTimeoutMs, timeoutMs, settings),
    async migrate() {
      await refusePooler(probers.get(primary.url) as Client, isPooled);
      await primary.check();
      const sql = postgres(primary.url, {
        max: 1,
        connect_timeout: CONNECT_TIMEOUT_SECONDS,
        fetch_types: false,
        onnotice: () => {},
        prepare: !isPooled,
      });
      migrations.add(sql);
      return migrate(sql).finally(() => {
        migrations.delete(sql);
        return sql.end({ timeout: 0 });
      });
    },
    isHealthy: () => Promise.race([primary.check(), sleep(HEALTH_TIMEOUT_MS, false)]),
    async close() {
      primary.close();
      // A stop waits neither for the migrations of another server nor for a database that hangs.
      for (const sql of migrations) void sql.end({ timeout: 0 });
      const all = [...clients, ...probers.values()];
      await Promise.all(all.map((client) => client.close(CLOSE_TIMEOUT_SECONDS)));
    },
  };
}

/** Standbys, and servers that are read-only by their configuration, take no writes. */
async function askHost(sql: Sql): Promise<HostAnswer> {
  const [row] = await sql<{ read_only: boolean }[]>`
    select current_setting('transaction_read_only')::bool as read_only, exists (select from coupons)`;
  return row?.read_only ? 'read_only' : 'primary';
}

/** @throws PoolerFound if a pooler refuses our session settings. */
async function refusePooler(prober: Client, isPooled: boolean): Promise<void> {
  if (isPooled) return;
  await prober
    .query((sql) => sql`select`)
    .catch((error) => {
      if (/unsupported startup parameter/.test(String(error?.message))) {
        throw new PoolerFound('a connection pooler refuses our session settings: set DATABASE_POOLER=true');
      }
    });
}

/** Runs a read again, once, if its connection was broken: it changes nothing. */
function twice<T>(read: () => Promise<T>): Promise<T> {
  return read().catch((error) => {
    if (isConnectionBroken(error)) return read();
    throw error;
  });
}
