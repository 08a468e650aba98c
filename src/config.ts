import { availableParallelism } from 'node:os';
import type { ExtendedJSONSchema, FromExtendedSchema } from 'json-schema-to-ts';
import { CONNECTIONS_BESIDE_LANES_MIN, lanesPerDatabase } from './database/connection-budget.js';
import { databaseUrls, isDatabaseUrl } from './database/hosts.js';
import { readTrustProxy } from './http/trust-proxy.js';
import { createAjv, describeViolation, type Sentences } from './json-schema.js';
import { lanesPerShard, SHARDS_MAX, shapeOf } from './shards/shape.js';

/** The settings of the process: environment variables, declared here and nowhere else. */

/** In the order of docs/settings.md, which a test holds against this list. */
const schema = {
  type: 'object',
  additionalProperties: false,
  required: [],
  properties: {
    PORT: { type: 'integer', minimum: 0, maximum: 65_535, default: 3000 },
    HOST: { type: 'string', minLength: 1, default: 'localhost' },
    /** Absent: no metrics. */
    METRICS_PORT: { type: 'integer', minimum: 0, maximum: 65_535 },
    /** Absent: HOST. */
    METRICS_HOST: { type: 'string', minLength: 1 },
    /** Absent: no traces. */
    OTEL_EXPORTER_OTLP_ENDPOINT: {
      type: 'string',
      pattern: '^https?://',
      'x-sentences': { pattern: 'must be a URL such as http://collector:4318' },
    },
    /** Absent: the embedded PostgreSQL. */
    DATABASE_URL: {
      type: 'string',
      pattern: '^postgres(ql)?://',
      'x-sentences': { pattern: 'must be a URL such as postgres://user:password@host:5432/database' },
    },
    /** Several databases, for shards: see splitUrls. */
    DATABASE_URLS: {
      type: 'string',
      pattern: '^\\s*postgres(ql)?://',
      'x-sentences': {
        pattern: 'must be URLs such as postgres://user:password@host:5432/database, separated by spaces',
      },
    },
    /** Absent: one for each database. */
    DATABASE_SHARDS: { type: 'integer', minimum: 1, maximum: SHARDS_MAX },
    /** Whether the database is the coordinator of a Citus cluster, which places the shards on its nodes. */
    DATABASE_CITUS: { type: 'boolean', default: false },
    /** Whether a connection pooler such as pgbouncer stands before the database. */
    DATABASE_POOLER: { type: 'boolean', default: false },
    /** Where the embedded PostgreSQL keeps its data. Absent: see defaultDataFolder. */
    DATA_DIR: { type: 'string', minLength: 1 },
    LOG_LEVEL: {
      type: 'string',
      enum: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      default: 'info',
    },
    /** The keys of each scope, separated by commas: see access/api-keys.ts. */
    ADMIN_API_KEYS: { type: 'string' },
    ADMIN_API_KEYS_FILE: { type: 'string' },
    CLAIM_API_KEYS: { type: 'string' },
    CLAIM_API_KEYS_FILE: { type: 'string' },
    READ_API_KEYS: { type: 'string' },
    READ_API_KEYS_FILE: { type: 'string' },
    /** Of one key or client address. 0: no limit. */
    RATE_LIMIT_PER_SECOND: { type: 'integer', minimum: 0, maximum: 1_000_000, default: 0 },
    /** Whose X-Forwarded-For is believed: see http/trust-proxy.ts. */
    TRUST_PROXY: { type: 'string', default: 'false' },
    /** Processes that share the port. */
    WEB_CONCURRENCY: { type: 'integer', minimum: 1, maximum: 256, default: 1 },
    /** Of one process to each database, for all purposes together: see connectionBudget. */
    DATABASE_CONNECTIONS_MAX: { type: 'integer', minimum: 1, maximum: 1000, default: 10 },
    STATEMENT_TIMEOUT_MS: { type: 'integer', minimum: 1, maximum: 600_000, default: 5_000 },
    LOCK_TIMEOUT_MS: { type: 'integer', minimum: 1, maximum: 600_000, default: 2_000 },
    CLAIM_LANES: {
      type: 'integer',
      minimum: 1,
      maximum: 100,
      default: defaultClaimLanes(availableParallelism()),
    },
    CLAIM_BATCH_SIZE_MAX: { type: 'integer', minimum: 1, maximum: 10_000, default: 1_000 },
    CLAIMS_WAITING_MAX: { type: 'integer', minimum: 1, maximum: 1_000_000, default: 20_000 },
    CLAIM_WAIT_TIMEOUT_MS: { type: 'integer', minimum: 1, maximum: 600_000, default: 5_000 },
    CLAIM_OUTCOME_TIMEOUT_MS: { type: 'integer', minimum: 1, maximum: 600_000, default: 15_000 },
    /** Streams of events, and reads that wait for events. */
    EVENT_FOLLOWERS_MAX: { type: 'integer', minimum: 1, maximum: 100_000, default: 500 },
    /** 0: for ever. */
    EVENTS_KEEP_DAYS: { type: 'integer', minimum: 0, maximum: 36_500, default: 0 },
    /** Where the relay sends events. */
    RELAY_URL: {
      type: 'string',
      pattern: '^https?://',
      'x-sentences': { pattern: 'must be a URL such as https://shop.example/hooks/coupons' },
    },
    /** One or several. See readSecrets. */
    RELAY_SECRET: { type: 'string', minLength: 1 },
    RELAY_SECRET_FILE: { type: 'string', minLength: 1 },
    RELAY_TIMEOUT_MS: { type: 'integer', minimum: 1, maximum: 600_000, default: 10_000 },
    RELAY_ATTEMPTS_MAX: { type: 'integer', minimum: 1, maximum: 1_000, default: 20 },
    /** The first pause between attempts. It doubles each time. */
    RELAY_RETRY_MS: { type: 'integer', minimum: 1, maximum: 600_000, default: 1_000 },
    SHUTDOWN_DELAY_MS: { type: 'integer', minimum: 0, maximum: 600_000, default: 500 },
    SHUTDOWN_TIMEOUT_MS: { type: 'integer', minimum: 1, maximum: 600_000, default: 10_000 },
  },
} as const satisfies ExtendedJSONSchema<Sentences>;

export type Config = FromExtendedSchema<Sentences, typeof schema>;

export const settings = schema.properties;
export const settingNames = Object.keys(settings);

const ajv = createAjv({ coerceTypes: true, useDefaults: true, removeAdditional: true });
const validate = ajv.compile<Config>(schema);

/**
 * One lane makes the largest batches, and so the cheapest claims. More lanes use processors that
 * would idle, and let several servers work on the same coupons.
 */
export function defaultClaimLanes(processors: number): number {
  return Math.min(Math.max(Math.floor(processors / 2), 1), 4);
}

/** Something that is no URL stands among the URLs. */
const NOT_ONE_URL = /\s|:\/\/.*:\/\//;

/** Absent keys open a scope to everyone, so an empty list of keys must not count as absent. */
const isOfKeys = (name: string) => /_API_KEYS(_FILE)?$/.test(name);

/**
 * Reads the settings from the environment. An empty setting counts as absent, unless it is one of keys.
 * @throws Error `invalid setting: …`, which names the setting, not its value: a URL may hold a password.
 */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const config: unknown = Object.fromEntries(
    Object.entries(env).filter(([name, value]) => value?.trim() || (value !== undefined && isOfKeys(name))),
  );
  if (!validate(config)) {
    const [violation] = validate.errors ?? [];
    throw invalidSetting(violation ? describeViolation(violation) : 'unknown');
  }
  const { DATABASE_URL, DATABASE_URLS, TRUST_PROXY } = config;
  const { METRICS_PORT, OTEL_EXPORTER_OTLP_ENDPOINT: collector, PORT } = config;
  if (METRICS_PORT === PORT && PORT !== 0) {
    throw invalidSetting('METRICS_PORT must be another port than PORT');
  }
  if (collector && !URL.canParse(collector)) {
    throw invalidSetting('OTEL_EXPORTER_OTLP_ENDPOINT must be a URL such as http://collector:4318');
  }
  if (readTrustProxy(TRUST_PROXY) === undefined) {
    throw invalidSetting(
      'TRUST_PROXY must be true, false, or addresses and ranges such as 10.0.0.0/8, separated by commas',
    );
  }
  if (DATABASE_URL && !isDatabaseUrl(DATABASE_URL)) {
    throw invalidSetting(
      'DATABASE_URL must be a URL; percent-encode special characters of the password, or set PGPASSWORD',
    );
  }
  if (DATABASE_URL && DATABASE_URLS) {
    throw invalidSetting('DATABASE_URLS must be absent when DATABASE_URL is set');
  }
  if (!databaseUrls(config).every((url) => isDatabaseUrl(url) && !NOT_ONE_URL.test(url))) {
    throw invalidSetting('DATABASE_URLS must be URLs; percent-encode special characters of passwords');
  }
  assertRoomForShards(config);
  assertCitus(config);
  return config;
}

/** @throws Error that names the setting, if there are too few shards or connections. */
function assertRoomForShards(config: Config): void {
  const { DATABASE_CONNECTIONS_MAX, CLAIM_LANES } = config;
  const { shards, databases } = shapeOf(config);
  if (shards < databases) {
    throw invalidSetting(`DATABASE_SHARDS must be at least ${databases}, the number of DATABASE_URLS`);
  }
  const connectionsMin = lanesPerDatabase(config) + CONNECTIONS_BESIDE_LANES_MIN;
  if (DATABASE_CONNECTIONS_MAX >= connectionsMin) return;
  const reason =
    shards === 1
      ? `when CLAIM_LANES is ${CLAIM_LANES}`
      : `for the ${lanesPerDatabase(config)} lanes of a database, ${lanesPerShard(config)} for each of its ` +
        `${lanesPerDatabase(config) / lanesPerShard(config)} shards`;
  throw invalidSetting(`DATABASE_CONNECTIONS_MAX must be at least ${connectionsMin} ${reason}`);
}

/** @throws Error that names the setting, if Citus cannot be used with the others. */
function assertCitus(config: Config): void {
  if (!config.DATABASE_CITUS) return;
  const { shards } = shapeOf(config);
  if (databaseUrls(config).length !== 1) {
    throw invalidSetting('DATABASE_CITUS needs DATABASE_URL, the coordinator of the cluster');
  }
  if (shards === 1) throw invalidSetting('DATABASE_CITUS needs DATABASE_SHARDS, 2 or more');
  // A claim is sent to the node of its shard only outside of transactions, and a pooler needs them.
  if (config.DATABASE_POOLER) throw invalidSetting('DATABASE_POOLER must be false with DATABASE_CITUS');
}

/** `sentence` names the setting and its rule, but not its value, which may be a secret. */
export const invalidSetting = (sentence: string) => new Error(`invalid setting: ${sentence}`);
