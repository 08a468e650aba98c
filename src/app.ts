import type { FastifyInstance } from 'fastify';
import openapiGlue from 'fastify-openapi-glue';
import type { Logger } from 'pino';
import { ApiKeys } from './access/api-keys.js';
import { CLAIM_SETTINGS, claimCoupons } from './claims/claim-statement.js';
import { type Claims, Lanes } from './claims/lanes.js';
import { OrderedConnection } from './claims/ordered-connection.js';
import { countOutcomes } from './claims/outcome.js';
import { type Config, connectionBudget } from './config.js';
import { assertComplete, type Contract, forRouting, readContract } from './contract.js';
import { type Database, openDatabase } from './database/database.js';
import { EventLog } from './events/event-log.js';
import { Followers } from './events/followers.js';
import { startRetention } from './events/retention.js';
import { bindHandlers } from './handlers/index.js';
import { checkApiKey } from './http/api-key.js';
import { createFastify } from './http/fastify.js';
import { shedLoad } from './http/overload.js';
import { limitRates } from './http/rate-limit.js';
import { enforceSecurity, type SecurityHandlers } from './http/security.js';
import { readTrustProxy } from './http/trust-proxy.js';
import { serveWebPages } from './web/web-pages.js';

declare module 'fastify' {
  interface FastifyInstance {
    database: Database;
  }
}

export interface AppOptions {
  config: Config;
  databaseUrl: string;
  logger: Logger;
  /** Those of the settings, unless given. */
  keys?: ApiKeys;
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
  const { config, databaseUrl, logger, contract = readContract() } = options;
  const { keys = new ApiKeys(config) } = options;
  const app = createFastify(contract, logger, readTrustProxy(config.TRUST_PROXY));

  const database = connectDatabase(databaseUrl, config, logger);
  app.decorate('database', database);
  app.addHook('onClose', () => database.close());

  const lanes = options.claims ? undefined : openLanes(database, config, logger);
  app.addHook('onClose', async () => lanes?.close());

  const log = new EventLog(database);
  const followers = new Followers(config.EVENT_FOLLOWERS_MAX);
  app.addHook('preClose', async () => followers.stop());
  if (config.EVENTS_KEEP_DAYS > 0) {
    const retention = startRetention(database, log.tail, config.EVENTS_KEEP_DAYS, (error) =>
      logger.warn({ err: error }, 'old events were not deleted'),
    );
    app.addHook('preClose', async () => retention.close());
  }

  const handlers = bindHandlers({ database, claims: options.claims ?? lanes!, log, followers });
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
    if (lanes) shedLoad(app, 'claimCoupon', () => lanes.isFull());
    serveWebPages(app, contract);
    await app.register(openapiGlue, { specification: forRouting(contract), serviceHandlers: handlers });
    return app;
  } catch (error) {
    await app.close();
    throw error;
  }
}

export function connectDatabase(url: string, config: Config, logger: Logger): Database {
  return openDatabase({
    url,
    isPooled: config.DATABASE_POOLER,
    connections: connectionBudget(config),
    statementTimeoutMs: config.STATEMENT_TIMEOUT_MS,
    lockTimeoutMs: config.LOCK_TIMEOUT_MS,
    observer: {
      onHung: () => logger.warn('the database hangs: its connections are replaced'),
      onLost: () => logger.error('lost the database'),
      onBack: (lostMs) => logger.info(`the database is back after ${(lostMs / 1000).toFixed(1)} s`),
    },
  });
}

/**
 * Puts the parts of a claim together: a lane collects a batch, a connection runs it, a statement decides it.
 */
export function openLanes(database: Database, config: Config, logger: Logger): Lanes {
  const connections = Array.from(
    { length: config.CLAIM_LANES },
    () => new OrderedConnection(database.openClient(CLAIM_SETTINGS)),
  );
  return new Lanes({
    run: connections.map(
      (connection) => (requests) => connection.query((sql) => claimCoupons(sql, requests)),
    ),
    batchSizeMax: config.CLAIM_BATCH_SIZE_MAX,
    waitingMax: config.CLAIMS_WAITING_MAX,
    waitMsMax: config.CLAIM_WAIT_TIMEOUT_MS,
    unknownMsMax: config.CLAIM_OUTCOME_TIMEOUT_MS,
    onBatch: logger.isLevelEnabled('debug')
      ? (lane, { outcomes, failure, ...batch }) =>
          logger.debug({ lane, ...batch, outcomes: countOutcomes(outcomes), err: failure }, 'batch ended')
      : undefined,
  });
}
