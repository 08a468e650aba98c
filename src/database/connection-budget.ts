import type { Config } from '../config.js';
import { lanesPerShard, shapeOf } from '../shards/shape.js';

/** The connections of one process to the primary, by purpose. */
export interface ConnectionBudget {
  /** One for each lane. */
  lanes: number;
  /** For reads with short answers. */
  reads: number;
  /** For reads with answers of any length, which take as long as their readers. */
  longReads: number;
  writes: number;
  /** One watches the database. Each other host has one, too, while there is no primary. */
  health: 1;
  /** One applies the migrations at the start, and is closed then. */
  migrations: 1;
}

/** Health, migrations, and one each for reads, long reads and writes. */
export const CONNECTIONS_BESIDE_LANES_MIN = 5;

/**
 * Divides DATABASE_CONNECTIONS_MAX. Reads are more frequent than writes, and hold their connection longer.
 */
export function connectionBudget(config: Config): ConnectionBudget {
  const lanes = lanesPerDatabase(config);
  const rest = config.DATABASE_CONNECTIONS_MAX - lanes - 2;
  const third = Math.max(1, Math.floor(rest / 3));
  return {
    lanes,
    reads: rest - 2 * third,
    longReads: third,
    writes: third,
    health: 1,
    migrations: 1,
  };
}

export function lanesPerDatabase(config: Config): number {
  const { shards, databases } = shapeOf(config);
  return Math.ceil(shards / databases) * lanesPerShard(config);
}
