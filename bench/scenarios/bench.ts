import type { Options } from '../options.js';
import { postgresBooks } from '../rig/books.js';
import { connect, type OwnDatabase, startDatabase } from '../rig/database.js';
import { findRedis, type RedisProgram, startRedis } from '../rig/redis.js';
import { type Server, type ServerKind, startServer } from '../rig/servers.js';
import type { Measurement } from './measurement.js';

/** All that a scenario needs to measure. */
export interface Bench {
  options: Options;
  signal: AbortSignal;
  /** Null: the server runs elsewhere (--url). */
  database: OwnDatabase | null;
  /** The program of the peer `redis`. Null: there is none. */
  redis: RedisProgram | null;
  /** All so far. */
  measurements: Measurement[];
  /** The server of this kind. The first call starts the server. */
  server(kind: ServerKind): Promise<Server>;
  /** Stops everything that was started. */
  stop(): Promise<void>;
}

/** Starts a database, and later servers on it. With --url, both run already. */
export async function startBench(options: Options, signal: AbortSignal): Promise<Bench> {
  const shared = { options, signal, measurements: [] };
  const { url, databaseUrl } = options;
  if (url && databaseUrl) {
    const sql = connect(databaseUrl);
    const stop = () => sql.end({ timeout: 1 });
    const books = postgresBooks(sql);
    return { ...shared, database: null, redis: null, server: async () => ({ url, books, stop }), stop };
  }
  console.error('starting PostgreSQL');
  const database = await startDatabase();
  const redis = await findRedis();
  const servers = new Map<ServerKind, Server>();
  const start = async (kind: ServerKind): Promise<Server> => {
    if (kind !== 'redis') return startServer(kind, database, database.folder, signal);
    const { url, books, stop } = await startRedis(redis!.path, database.folder);
    try {
      const server = await startServer(kind, database, database.folder, signal, { REDIS_URL: url });
      return { ...server, books, stop: () => server.stop().finally(stop) };
    } catch (error) {
      await stop();
      throw error;
    }
  };
  return {
    ...shared,
    database,
    redis,
    async server(kind) {
      const server = servers.get(kind) ?? (await start(kind));
      servers.set(kind, server);
      return server;
    },
    async stop() {
      await Promise.all([...servers.values()].map((server) => server.stop())).finally(database.stop);
    },
  };
}
