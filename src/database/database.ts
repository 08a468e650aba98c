import type { Row, Sql } from 'postgres';
import type { Client } from './client.js';
import type { SessionSettings } from './options.js';
import type { Pages, PagesQuery } from './pages.js';

/** A database as this service uses it, or one shard of it. Every wait is bounded. */
export interface Database {
  /** That of the shard. Undefined: the default one. */
  readonly schema: string | undefined;
  /** Whether Citus places the shard on a node. Then its numbers come from the row of `event_log`. */
  readonly isCitus: boolean;
  /** Runs a write. @throws Overloaded, DatabaseTimeout, or the error of postgres.js. */
  write<T>(run: (sql: Sql) => Promise<T>): Promise<T>;
  /** Runs a read with a short answer. @throws as `write`. */
  read<T>(run: (sql: Sql) => Promise<T>): Promise<T>;
  /**
   * Starts a read with an answer of any length. It holds a connection of its own to the end. Undefined:
   * there is no head. @throws as `write`.
   */
  readPages<Head extends Row, R extends Row, Item>(
    query: PagesQuery<Head, R, Item>,
  ): Promise<{ head: Head; pages: Pages<Item> } | undefined>;
  /** Opens a client with session settings of its own. Closing the server closes it, too. */
  openClient(settings: SessionSettings): Client;
}
