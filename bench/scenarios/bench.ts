import postgres from 'postgres';
import { type Books, booksInDatabase, booksOverHttp } from '../check/books.js';
import type { Options } from '../options.js';
import { type OwnDatabase, startDatabase } from '../rig/database.js';
import { type Server, type ServerKind, startServer } from '../rig/servers.js';

/** All that a scenario needs to measure. */
export interface Bench {
  options: Options;
  signal: AbortSignal;
  /** Null: the server runs elsewhere (--url). */
  database: OwnDatabase | null;
  books: Books;
  /** Reports progress. */
  tell(text: string): void;
  /** The server of this kind. The first call starts the server. */
  server(kind: ServerKind): Promise<Server>;
  /** Stops everything that was started. */
  stop(): Promise<void>;
}

type Shared = Pick<Bench, 'options' | 'signal' | 'tell'>;

/** Starts a database, and later servers on it. */
export async function startBench(shared: Shared): Promise<Bench> {
  const { signal, tell } = shared;
  tell('starting PostgreSQL\n');
  const database = await startDatabase(tell);
  const servers = new Map<ServerKind, Server>();
  return {
    ...shared,
    database,
    books: booksInDatabase(database.sql),
    async server(kind) {
      const server = servers.get(kind) ?? (await startServer(kind, database.url, database.folder, signal));
      servers.set(kind, server);
      return server;
    },
    async stop() {
      await Promise.all([...servers.values()].map((server) => server.stop())).finally(database.stop);
    },
  };
}

/** Measures a server that runs already. */
export function attachBench(url: string, shared: Shared): Bench {
  const { databaseUrl } = shared.options;
  const sql = databaseUrl ? postgres(databaseUrl, { max: 2, onnotice: () => {} }) : null;
  return {
    ...shared,
    database: null,
    books: sql ? booksInDatabase(sql) : booksOverHttp(url),
    server: async () => ({ kind: 'engine', url, async stop() {} }),
    stop: async () => sql?.end({ timeout: 1 }),
  };
}
