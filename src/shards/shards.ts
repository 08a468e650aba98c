import type { Database } from '../database/database.js';
import { isTransient } from '../database/errors.js';
import type { Server } from '../database/server.js';
import { hashOf } from './hash.js';
import { agreeOnPlacement, PlacementRefused, verifyPlacement } from './placement.js';
import type { Shape } from './shape.js';

/** What came of bringing the databases up to date. */
export interface Preparation {
  /** The names of the migrations that were applied, once for each shard that got one. */
  applied: string[];
  /** The databases that could not be reached. They are to be prepared later. */
  waiting: { server: NamedServer; error: unknown }[];
}

export interface NamedServer extends Server {
  /** For an operator: `the database`, or `database 1`. A URL may hold a password. */
  readonly name: string;
  /** For metrics. Empty, if there is only one. */
  readonly labels: { database?: string };
}

/**
 * All coupons, divided among databases by the hash of their names. What concerns one coupon happens in one
 * shard. With one shard there is one database, and nothing is divided.
 */
export class Shards {
  /** In the order of their numbers. */
  readonly all: readonly Database[];
  readonly servers: readonly NamedServer[];
  readonly shape: Shape;

  constructor(servers: readonly NamedServer[], shape: Shape) {
    this.servers = servers;
    this.shape = shape;
    this.all = Array.from({ length: shape.shards }, (_, shard) => {
      const place = Math.floor(shard / shape.databases);
      return servers[shard % shape.databases]!.databases[place]!;
    });
  }

  /** The shard in which a coupon lives, whether it exists or not. */
  of(couponName: string): Database {
    return this.all[this.numberOf(couponName)] as Database;
  }

  numberOf(couponName: string): number {
    return this.all.length === 1 ? 0 : hashOf(couponName) % this.all.length;
  }

  /** The number of the database in which a shard lives. */
  databaseOf(shard: number): number {
    return shard % this.servers.length;
  }

  /** The server of a shard. */
  serverOf(shard: number): NamedServer {
    return this.servers[this.databaseOf(shard)] as NamedServer;
  }

  /**
   * Checks that these are the databases of the settings, and applies the migrations that are pending.
   * @throws PlacementRefused, MigrationRefused, PoolerFound, or an error of postgres.js that waiting does not
   *   mend.
   */
  async prepare(): Promise<Preparation> {
    await Promise.all(this.servers.map((server) => server.check()));
    const waiting: Preparation['waiting'] = [];
    let ready = [...this.servers];
    if (this.all.length > 1) {
      const away = await agreeOnPlacement(this.servers, this.shape).catch((error: unknown) => {
        if (!isTransient(error)) throw error;
        // A database went away between two steps. The next attempt goes on from there.
        return this.servers.map((_, database) => ({ database, error }));
      });
      for (const { database, error } of away) {
        const server = this.servers[database] as NamedServer;
        ready = ready.filter((other) => other !== server);
        waiting.push({ server, error });
      }
    }
    const applied = await Promise.all(
      ready.map(async (server) => {
        try {
          if (this.all.length === 1) await this.verify();
          return await server.migrate();
        } catch (error) {
          if (!isTransient(error)) throw error;
          waiting.push({ server, error });
          return [];
        }
      }),
    );
    return { applied: applied.flat(), waiting };
  }

  /**
   * Checks that the databases, or the one with this number, are those of the settings. Changes nothing.
   * @throws PlacementRefused, or the error of postgres.js.
   */
  async verify(only?: number): Promise<void> {
    await verifyPlacement(this.servers, this.shape, (database) => only === undefined || database === only);
  }

  /**
   * Checks that all databases answer, are those of the settings, and have been set up.
   * @throws PlacementRefused, or Error with a sentence that names the database.
   */
  async verifyComplete(): Promise<void> {
    // Of several hosts, it finds the primary.
    await this.unhealthy();
    for (const { name, query } of this.servers) {
      await query((sql) => sql`select`).catch((error: NodeJS.ErrnoException) => {
        if (this.servers.length === 1) throw error;
        throw new Error(`${name}: ${error.message || error.code}`, { cause: error });
      });
    }
    const found = await verifyPlacement(this.servers, this.shape, () => true);
    const empty = found.indexOf('nothing');
    if (empty >= 0) {
      throw new PlacementRefused(
        `${this.servers[empty]!.name} has no coupons: a service sets it up at its start`,
      );
    }
  }

  /** The servers that do not answer, or lack our tables. Never rejects; takes 2 seconds at most. */
  async unhealthy(): Promise<NamedServer[]> {
    const isHealthy = await Promise.all(this.servers.map((server) => server.isHealthy()));
    return this.servers.filter((_, database) => !isHealthy[database]);
  }

  async close(): Promise<void> {
    await Promise.all(this.servers.map((server) => server.close()));
  }
}
