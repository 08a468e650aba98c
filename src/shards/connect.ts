import type { Logger } from 'pino';
import type { Sql } from 'postgres';
import { distributeSchema } from '../../db/citus.js';
import { createClaimFunctions } from '../claims/claim-function.js';
import type { Config } from '../config.js';
import { connectionBudget } from '../database/connection-budget.js';
import { openServer } from '../database/server.js';
import { countLosses } from '../metrics/measure-database.js';
import type { Metrics } from '../metrics/registry.js';
import { PLACEMENT_TABLE } from './placement.js';
import { schemaOf, shapeOf, shardsIn } from './shape.js';
import { type NamedServer, Shards } from './shards.js';

/**
 * Connects to the databases of the settings.
 * @param urls in the order of the settings.
 * @param metrics gets those of the databases.
 */
export function connectShards(
  urls: readonly string[],
  config: Config,
  logger: Logger,
  metrics?: Metrics,
): Shards {
  const shape = { ...shapeOf(config), databases: urls.length };
  const isOnly = urls.length === 1;
  const labelsOf = (database: number) => (isOnly ? {} : { database: String(database) });
  const losses =
    metrics &&
    countLosses(
      metrics,
      urls.map((_, database) => labelsOf(database)),
    );
  const servers = urls.map((url, database): NamedServer => {
    const name = isOnly ? 'the database' : `database ${database}`;
    const labels = labelsOf(database);
    const server = openServer({
      url,
      schemas: shardsIn(database, shape).map((shard) => schemaOf(shard, shape)),
      isPooled: config.DATABASE_POOLER,
      isCitus: config.DATABASE_CITUS,
      finishSchema: config.DATABASE_CITUS ? finishCitusSchema : undefined,
      connections: connectionBudget(config),
      statementTimeoutMs: config.STATEMENT_TIMEOUT_MS,
      lockTimeoutMs: config.LOCK_TIMEOUT_MS,
      probedTable: shape.shards === 1 ? 'coupons' : PLACEMENT_TABLE,
      observer: {
        onHung: (timeoutMs) => {
          losses?.onHung(labels);
          logger.warn({ timeoutMs }, `${name} hangs: its connections are replaced`);
        },
        onLost: () => {
          losses?.onLost(labels);
          logger.error(`lost ${name}`);
        },
        onBack: (lostMs) => logger.info(`${name} is back after ${(lostMs / 1000).toFixed(1)} s`),
        onMigrationNotice: (sentence) => logger.warn(sentence),
        onQuery: metrics && ((pool, ms, error) => metrics.queryTimes.record(pool, ms, error)),
      },
    });
    return Object.assign(server, { name, labels });
  });
  return new Shards(servers, shape);
}

async function finishCitusSchema(sql: Sql, schema: string): Promise<void> {
  await distributeSchema(sql, schema);
  await createClaimFunctions(sql, schema);
}
