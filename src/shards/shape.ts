import type { Config } from '../config.js';
import { databaseUrls } from '../database/hosts.js';

/** A cursor of the log has a place for each: openapi.yaml bounds its length. */
export const SHARDS_MAX = 64;

/** How the coupons are divided. It is the same for as long as the data live. */
export interface Shape {
  shards: number;
  /** Shard i lives in database i mod this number. */
  databases: number;
}

/**
 * The schema of a shard. Undefined: coupons are not divided, and live where they always did. The name tells
 * the number of shards: a server with another number finds no tables, rather than those of other coupons.
 */
export function schemaOf(shard: number, { shards }: Shape): string | undefined {
  return shards === 1 ? undefined : `shard_${shard}_of_${shards}`;
}

/** The shards that live in a database. */
export function shardsIn(database: number, { shards, databases }: Shape): number[] {
  return Array.from({ length: shards }, (_, shard) => shard).filter(
    (shard) => shard % databases === database,
  );
}

/** How many shards there are, in how many databases. */
export function shapeOf(config: Config): Shape {
  const databases = Math.max(1, databaseUrls(config).length);
  return { shards: config.DATABASE_SHARDS ?? databases, databases };
}

/** CLAIM_LANES are spread over the shards. Each has one at least. */
export function lanesPerShard(config: Config): number {
  return Math.ceil(config.CLAIM_LANES / shapeOf(config).shards);
}
