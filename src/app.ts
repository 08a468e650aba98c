import type { FastifyInstance } from 'fastify';
import openapiGlue from 'fastify-openapi-glue';
import type { Logger } from 'pino';
import { ApiKeys } from './access/api-keys.js';
import { BatchSummary } from './claims/batch-summary.js';
import { CALL_SETTINGS, decideByFunction } from './claims/claim-function.js';
import { CLAIM_SETTINGS, claimCoupons } from './claims/claim-statement.js';
import type { Claims } from './claims/claims.js';
import type { BatchReport } from './claims/lane.js';
import { Lanes, type LanesOptions } from './claims/lanes.js';
import { OrderedConnection } from './claims/ordered-connection.js';
import { type ClaimOutcome, type ClaimRequest, countOutcomes } from './claims/outcome.js';
import type { Config } from './config.js';
import { assertComplete, type Contract, forRouting, readContract } from './contract.js';
import type { Database } from './database/database.js';
import { EventLog } from './events/event-log.js';
import { Followers } from './events/followers.js';
import { MergedLog, pollIntervalMs } from './events/merged-log.js';
import { startRetention } from './events/retention.js';
import { bindHandlers } from './handlers/index.js';
import { checkApiKey } from './http/api-key.js';
import { createFastify } from './http/fastify.js';
import { shedLoad } from './http/overload.js';
import { limitRates } from './http/rate-limit.js';
import { enforceSecurity, type SecurityHandlers } from './http/security.js';
import { logTraffic } from './http/traffic-log.js';
import { readTrustProxy } from './http/trust-proxy.js';
import { measureAnswers } from './metrics/measure-answers.js';
import { measureBatches, measureLanes } from './metrics/measure-claims.js';
import { measureDatabase } from './metrics/measure-database.js';
import { measureLog } from './metrics/measure-log.js';
import type { Metrics } from './metrics/registry.js';
import { connectShards } from './shards/connect.js';
import { lanesPerShard } from './shards/shape.js';
import type { Shards } from './shards/shards.js';
import type { Tracing } from './tracing/tracing.js';
import { serveWebPages } from './web/web-pages.js';

declare module 'fastify' {
  interface FastifyInstance {
    shards: Shards;
  }
}

export interface AppOptions {
  config: Config;
  /** In the order of DATABASE_URLS. */
  databaseUrls: readonly string[];
  logger: Logger;
  /** Those of the settings, unless given. */
  keys?: ApiKeys;
  /** Gets the metrics of the application. Absent: nothing is measured. */
  metrics?: Metrics | undefined;
  /** Follows requests and batches. Absent: nothing is traced. */
  tracing?: Tracing | undefined;
  /** What to wait for when the application begins to close. It still serves, and followers stay. */
  drain?: (app: FastifyInstance) => Promise<void>;
  /** Another contract than openapi.yaml, for tests. */
  contract?: Contract;
  /** By security scheme of the contract, beside `ApiKey`. */
  securityHandlers?: SecurityHandlers;
  /** Another way to decide claims, for comparisons. */
  claims?: Claims;
}

/**
 * Composes the application: contract, database, claims and handlers. It is ready to listen. Closing
 * it closes all of them.
 * @throws Error that names the operation, if the contract and the handlers do not match, or the setting
 * if a key is invalid.
 */
export async function buildApp(options: AppOptions): Promise<FastifyInstance> {
  const { config, databaseUrls, logger, metrics, tracing, contract = readContract() } = options;
  const { keys = new ApiKeys(config) } = options;
  const app = createFastify(contract, logger, readTrustProxy(config.TRUST_PROXY));

  tracing?.traceRequests(app);

  const shards = connectShards(databaseUrls, config, logger, metrics);
  app.decorate('shards', shards);
  app.addHook('onClose', () => shards.close());

  const batches = new BatchSummary();
  const measureBatch = metrics && measureBatches(metrics);
  const onBatch: LanesOptions['onBatch'] = (lane, batch) => {
    const outcomes = countOutcomes(batch.outcomes);
    batches.add(batch, outcomes);
    measureBatch?.(batch, outcomes);
    if (logger.isLevelEnabled('debug')) logBatch(logger, lane, batch, outcomes);
  };
  const lanes = options.claims ? undefined : openLanes(shards, config, { onBatch, tracing });
  app.addHook('onClose', async () => lanes?.close());
  logTraffic(app, contract, () => {
    const taken = batches.take();
    return taken && { ...taken, waiting: sum(lanes?.waiting ?? []) };
  });
  if (metrics) {
    measureAnswers(app, metrics);
    measureDatabase(metrics, shards);
    measureLog(metrics, shards);
    if (lanes) measureLanes(metrics, lanes);
  }

  const logs = shards.all.map((database) => new EventLog(database, pollIntervalMs(shards.all.length)));
  const [onlyLog] = logs;
  const log =
    onlyLog && logs.length === 1 ? onlyLog : new MergedLog(logs, (shard) => !shards.serverOf(shard).isUp);
  const followers = new Followers(config.EVENT_FOLLOWERS_MAX);
  if (config.EVENTS_KEEP_DAYS > 0) {
    const retention = startRetention(logs, config.EVENTS_KEEP_DAYS, (error) =>
      logger.warn({ err: error }, 'old events were not deleted'),
    );
    app.addHook('preClose', async () => retention.close());
  }

  let isStopping = false;
  app.addHook('preClose', async () => {
    isStopping = true;
    await options.drain?.(app);
    followers.stop();
  });
  const claims = options.claims ?? lanes!;
  const handlers = bindHandlers({ shards, claims, log, followers, isStopping: () => isStopping });
  try {
    assertComplete(contract, handlers);
    // Before the keys are checked: guesses are counted, too.
    await limitRates(app, contract, config.RATE_LIMIT_PER_SECOND, keys);
    const securityHandlers = { ApiKey: checkApiKey(keys), ...options.securityHandlers };
    enforceSecurity(
      app,
      contract,
      securityHandlers,
      (scheme, scopes) => scheme === 'ApiKey' && keys.isOpen(scopes),
    );
    if (lanes) shedLoad(app, ['claimCoupon', 'claimCoupons'], () => lanes.isFull());
    serveWebPages(app, contract);
    await app.register(openapiGlue, { specification: forRouting(contract), serviceHandlers: handlers });
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
}

function logBatch(
  logger: Logger,
  lane: number,
  { outcomes: _, failure, ...batch }: BatchReport<ClaimOutcome>,
  outcomes: Record<string, number>,
): void {
  logger.debug({ lane, ...batch, outcomes, err: failure }, 'batch ended');
}

const sum = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0);

/**
 * Puts the parts of a claim together: a lane collects a batch, a connection runs it, a statement decides it.
 */
export function openLanes(
  shards: Shards,
  config: Config,
  { onBatch, tracing }: Pick<LanesOptions, 'onBatch'> & Pick<AppOptions, 'tracing'> = {},
): Lanes {
  const openRun = ({ isCitus, schema = '', openClient }: Database) => {
    const connection = new OrderedConnection(openClient(isCitus ? CALL_SETTINGS : CLAIM_SETTINGS));
    const decide = isCitus ? decideByFunction(schema, config.LOCK_TIMEOUT_MS) : undefined;
    return (requests: readonly ClaimRequest[]) =>
      connection.query((sql) => claimCoupons(sql, requests, decide));
  };
  const run = shards.all.flatMap((shard) =>
    Array.from({ length: lanesPerShard(config) }, () => openRun(shard)),
  );
  return new Lanes({
    run: tracing ? run.map((run) => (requests) => tracing.traceBatch(requests, () => run(requests))) : run,
    shape: shards.shape,
    batchSizeMax: config.CLAIM_BATCH_SIZE_MAX,
    waitingMax: config.CLAIMS_WAITING_MAX,
    waitMsMax: config.CLAIM_WAIT_TIMEOUT_MS,
    unknownMsMax: config.CLAIM_OUTCOME_TIMEOUT_MS,
    onBatch,
  });
}
