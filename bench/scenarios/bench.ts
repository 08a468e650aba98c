import type { Options } from '../options.js';
import { connect, type OwnDatabase, startDatabase } from '../rig/database.js';
import { type Server, type ServerKind, startServer } from '../rig/servers.js';
import type { Measurement } from './measurement.js';

/** All that a scenario needs to measure. */
export interface Bench {
  options: Options;
  signal: AbortSignal;
  /** Null: the server runs elsewhere (--url). */
  database: OwnDatabase | null;
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
    return { ...shared, database: null, server: async () => ({ url, sql, stop }), stop };
  }
  console.error('starting PostgreSQL');
  const database = await startDatabase();
  const servers = new Map<ServerKind, Server>();
  return {
    ...shared,
    database,
    async server(kind) {
      const server = servers.get(kind) ?? (await startServer(kind, database, database.folder, signal));
      servers.set(kind, server);
      return server;
    },
    async stop() {
      await Promise.all([...servers.values()].map((server) => server.stop())).finally(database.stop);
    },
  };
}
