import type { Sql } from 'postgres';
import type { ConnectionBudget } from '../config.js';
import { Availability } from './availability.js';
import { Client, type ClientObserver } from './client.js';
import { clientOptions, type SessionSettings } from './options.js';

export interface DatabaseOptions {
  url: string;
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
  /** Runs a write. @throws DatabaseTimeout, or the error of postgres.js. */
  write<T>(run: (sql: Sql) => Promise<T>): Promise<T>;
  /** Runs a read. For a long answer, the bound is on its first page. @throws as `write`. */
  read<T>(run: (sql: Sql) => Promise<T>): Promise<T>;
  /** Opens a client of one connection, with session settings of its own. `close` closes it, too. */
  openClient(settings: SessionSettings): Client;
  /** Whether the database answers and has our tables. Never rejects, and takes 2 seconds at most. */
  isHealthy(): Promise<boolean>;
  close(): Promise<void>;
}

const HEALTH_TIMEOUT_MS = 2_000;
/** A long answer takes as long as its reader. */
const READ_STATEMENT_TIMEOUT_MS = 60_000;
/** PostgreSQL enforces the statement timeout. If it does not even do that, we give up ourselves. */
const GRACE_MS = 1_000;
const CLOSE_TIMEOUT_SECONDS = 5;

export function openDatabase({
  url,
  connections,
  statementTimeoutMs,
  lockTimeoutMs,
  observer,
}: DatabaseOptions): Database {
  const clientObserver: ClientObserver = {
    onHung: observer.onHung,
    onDoubt: () => availability.doubt(),
  };
  const clients: Client[] = [];
  const open = (
    connectionsMax: number,
    statementMs: number,
    giveUpMs: number,
    settings?: SessionSettings,
  ) => {
    const limits = { connectionsMax, statementTimeoutMs: statementMs, lockTimeoutMs };
    const client = new Client(url, clientOptions(limits, settings), giveUpMs, clientObserver);
    clients.push(client);
    return client;
  };
  const giveUpMs = statementTimeoutMs + GRACE_MS;
  const writer = open(connections.writes, statementTimeoutMs, giveUpMs);
  const reader = open(connections.reads, READ_STATEMENT_TIMEOUT_MS, giveUpMs);
  const prober = open(connections.health, HEALTH_TIMEOUT_MS, HEALTH_TIMEOUT_MS);

  let probing: Promise<boolean> | undefined;
  const isHealthy = () => {
    probing ??= prober
      .query((sql) => sql`select from coupons limit 1`)
      .then(
        () => true,
        () => false,
      )
      .finally(() => (probing = undefined));
    return probing;
  };
  const availability = new Availability({ ...observer, probe: isHealthy, now: Date.now });

  return {
    write: (run) => writer.query(run),
    read: (run) => reader.query(run),
    openClient: (settings) => open(1, statementTimeoutMs, giveUpMs, settings),
    isHealthy,
    async close() {
      availability.close();
      await Promise.all(clients.map((client) => client.close(CLOSE_TIMEOUT_SECONDS)));
    },
  };
}
