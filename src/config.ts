import { availableParallelism } from 'node:os';
import { envSchema } from 'env-schema';

type EnvSchemaError = Error & { errors?: { params: Record<string, unknown> }[] };

/** The settings of the process. Every number has its unit in its name. */
export interface Config {
  PORT: number;
  HOST: string;
  /** How many processes share the port. */
  WEB_CONCURRENCY: number;
  LOG_LEVEL: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  /** Absent: the embedded PostgreSQL. */
  DATABASE_URL?: string;
  /** Where the embedded PostgreSQL keeps its data. Absent: see embedded-postgres.ts. */
  DATA_DIR?: string;
  DATABASE_CONNECTIONS_MAX: number;
  STATEMENT_TIMEOUT_MS: number;
  LOCK_TIMEOUT_MS: number;
  CLAIM_LANES: number;
  CLAIM_BATCH_SIZE_MAX: number;
  CLAIMS_WAITING_MAX: number;
  CLAIM_WAIT_TIMEOUT_MS: number;
  CLAIM_OUTCOME_TIMEOUT_MS: number;
  SHUTDOWN_TIMEOUT_MS: number;
}

const milliseconds = (fallback: number, maximum: number) => ({
  type: 'integer',
  minimum: 1,
  maximum,
  default: fallback,
});

/**
 * One lane makes the largest batches, and so the cheapest claims; more are for processors that would be idle otherwise,
 * and for several servers that want the same coupons.
 */
export function defaultClaimLanes(processors: number): number {
  return Math.min(Math.max(Math.floor(processors / 2), 1), 4);
}

const schema = {
  type: 'object',
  properties: {
    PORT: { type: 'integer', minimum: 0, maximum: 65_535, default: 3000 },
    HOST: { type: 'string', minLength: 1, default: 'localhost' },
    WEB_CONCURRENCY: { type: 'integer', minimum: 1, maximum: 256, default: 1 },
    LOG_LEVEL: { enum: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], default: 'info' },
    DATABASE_URL: { type: 'string', pattern: '^postgres(ql)?://' },
    DATA_DIR: { type: 'string', minLength: 1 },
    DATABASE_CONNECTIONS_MAX: { type: 'integer', minimum: 1, maximum: 1000, default: 10 },
    STATEMENT_TIMEOUT_MS: milliseconds(5_000, 600_000),
    LOCK_TIMEOUT_MS: milliseconds(2_000, 600_000),
    CLAIM_LANES: {
      type: 'integer',
      minimum: 1,
      maximum: 100,
      default: defaultClaimLanes(availableParallelism()),
    },
    CLAIM_BATCH_SIZE_MAX: { type: 'integer', minimum: 1, maximum: 10_000, default: 500 },
    CLAIMS_WAITING_MAX: { type: 'integer', minimum: 1, maximum: 1_000_000, default: 20_000 },
    CLAIM_WAIT_TIMEOUT_MS: milliseconds(5_000, 600_000),
    CLAIM_OUTCOME_TIMEOUT_MS: milliseconds(15_000, 600_000),
    SHUTDOWN_TIMEOUT_MS: milliseconds(10_000, 600_000),
  },
};

/** The names of all settings. */
export const settingNames = Object.keys(schema.properties);

/**
 * Reads the settings from the environment; a setting that is empty counts as not there.
 * @throws Error naming the setting that makes no sense.
 */
export function readConfig(env: NodeJS.ProcessEnv): Config {
  const data = Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));
  let config: Config;
  try {
    config = envSchema<Config>({ schema, data, dotenv: false, env: false });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    // env-schema says "env/PORT must be integer". A DATABASE_URL may hold a password: no values here.
    const [problem] = (error as EnvSchemaError).errors ?? [];
    const allowed = problem?.params['allowedValues'] ? ` (${problem.params['allowedValues']})` : '';
    throw new Error(`a setting makes no sense: ${error.message.replaceAll('env/', '')}${allowed}`);
  }
  if (config.DATABASE_URL && !isUrl(config.DATABASE_URL)) {
    throw new Error(
      'a setting makes no sense: DATABASE_URL must be a URL, with special characters of the password percent-encoded',
    );
  }
  return config;
}

/** Also decodable, which is what postgres.js does with the parts of a URL. */
function isUrl(text: string): boolean {
  try {
    return decodeURIComponent(new URL(text).href) !== '';
  } catch {
    return false;
  }
}
