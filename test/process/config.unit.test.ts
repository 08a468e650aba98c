import { availableParallelism } from 'node:os';
import { inspect } from 'node:util';
import t from 'tap';
import { defaultClaimLanes, readConfig } from '../../src/config.js';
import { connectionBudget } from '../../src/database/connection-budget.js';
import { databaseUrls } from '../../src/database/hosts.js';
import { lanesPerShard, shapeOf } from '../../src/shards/shape.js';

const defaults = {
  PORT: 3000,
  HOST: 'localhost',
  WEB_CONCURRENCY: 1,
  LOG_LEVEL: 'info',
  RATE_LIMIT_PER_SECOND: 0,
  TRUST_PROXY: 'false',
  DATABASE_CITUS: false,
  DATABASE_POOLER: false,
  DATABASE_CONNECTIONS_MAX: 10,
  STATEMENT_TIMEOUT_MS: 5_000,
  LOCK_TIMEOUT_MS: 2_000,
  CLAIM_LANES: defaultClaimLanes(availableParallelism()),
  CLAIM_BATCH_SIZE_MAX: 1_000,
  CLAIMS_WAITING_MAX: 20_000,
  CLAIM_WAIT_TIMEOUT_MS: 5_000,
  CLAIM_OUTCOME_TIMEOUT_MS: 15_000,
  EVENT_FOLLOWERS_MAX: 500,
  EVENTS_KEEP_DAYS: 0,
  RELAY_TIMEOUT_MS: 10_000,
  RELAY_ATTEMPTS_MAX: 20,
  RELAY_RETRY_MS: 1_000,
  SHUTDOWN_DELAY_MS: 500,
  SHUTDOWN_TIMEOUT_MS: 10_000,
};

t.test('the defaults apply without any setting', async (t) => {
  t.strictSame({ ...readConfig({}) }, defaults);
});

t.test('the default is one lane per two processors, at least one and at most four', async (t) => {
  t.strictSame([1, 2, 3, 4, 7, 8, 64].map(defaultClaimLanes), [1, 1, 1, 2, 3, 4, 4]);
});

t.test('a setting that is empty or blank counts as absent', async (t) => {
  for (const value of ['', ' ', '\t', undefined]) {
    const names = [
      ...Object.keys(defaults),
      'DATABASE_URL',
      'DATABASE_URLS',
      'DATABASE_SHARDS',
      'DATA_DIR',
      'RELAY_URL',
      'RELAY_SECRET',
    ];
    t.strictSame({ ...readConfig(Object.fromEntries(names.map((name) => [name, value]))) }, defaults);
  }
});

t.test('every setting is read, and other variables are ignored', async (t) => {
  const config = readConfig({
    PORT: '0',
    HOST: '0.0.0.0',
    WEB_CONCURRENCY: '2',
    LOG_LEVEL: 'debug',
    DATABASE_URL: 'postgresql://coupons:s3cret@db:5432/coupons?sslmode=require',
    DATABASE_SHARDS: '4',
    DATA_DIR: '/srv/data',
    ADMIN_API_KEYS: 'one-0123456789abc,two-0123456789abc',
    ADMIN_API_KEYS_FILE: '/run/secrets/admin',
    CLAIM_API_KEYS: 'one-0123456789abc',
    CLAIM_API_KEYS_FILE: '/run/secrets/claim',
    READ_API_KEYS: 'one-0123456789abc',
    READ_API_KEYS_FILE: '/run/secrets/read',
    RATE_LIMIT_PER_SECOND: '100',
    TRUST_PROXY: '10.0.0.0/8',
    DATABASE_POOLER: 'true',
    DATABASE_CONNECTIONS_MAX: '20',
    STATEMENT_TIMEOUT_MS: '2500',
    LOCK_TIMEOUT_MS: '100',
    CLAIM_LANES: '8',
    CLAIM_BATCH_SIZE_MAX: '50',
    CLAIMS_WAITING_MAX: '1000',
    CLAIM_WAIT_TIMEOUT_MS: '300',
    CLAIM_OUTCOME_TIMEOUT_MS: '400',
    EVENT_FOLLOWERS_MAX: '7',
    EVENTS_KEEP_DAYS: '30',
    RELAY_URL: 'https://shop.example/hooks',
    RELAY_SECRET: 'whsec_abc',
    RELAY_SECRET_FILE: '/run/secrets/relay',
    RELAY_TIMEOUT_MS: '500',
    RELAY_ATTEMPTS_MAX: '3',
    RELAY_RETRY_MS: '20',
    SHUTDOWN_DELAY_MS: '0',
    SHUTDOWN_TIMEOUT_MS: '600000',
    PATH: '/bin',
  });
  t.strictSame(
    { ...config },
    {
      PORT: 0,
      HOST: '0.0.0.0',
      WEB_CONCURRENCY: 2,
      LOG_LEVEL: 'debug',
      DATABASE_URL: 'postgresql://coupons:s3cret@db:5432/coupons?sslmode=require',
      DATABASE_SHARDS: 4,
      DATA_DIR: '/srv/data',
      ADMIN_API_KEYS: 'one-0123456789abc,two-0123456789abc',
      ADMIN_API_KEYS_FILE: '/run/secrets/admin',
      CLAIM_API_KEYS: 'one-0123456789abc',
      CLAIM_API_KEYS_FILE: '/run/secrets/claim',
      READ_API_KEYS: 'one-0123456789abc',
      READ_API_KEYS_FILE: '/run/secrets/read',
      RATE_LIMIT_PER_SECOND: 100,
      TRUST_PROXY: '10.0.0.0/8',
      DATABASE_CITUS: false,
      DATABASE_POOLER: true,
      DATABASE_CONNECTIONS_MAX: 20,
      STATEMENT_TIMEOUT_MS: 2_500,
      LOCK_TIMEOUT_MS: 100,
      CLAIM_LANES: 8,
      CLAIM_BATCH_SIZE_MAX: 50,
      CLAIMS_WAITING_MAX: 1_000,
      CLAIM_WAIT_TIMEOUT_MS: 300,
      CLAIM_OUTCOME_TIMEOUT_MS: 400,
      EVENT_FOLLOWERS_MAX: 7,
      EVENTS_KEEP_DAYS: 30,
      RELAY_URL: 'https://shop.example/hooks',
      RELAY_SECRET: 'whsec_abc',
      RELAY_SECRET_FILE: '/run/secrets/relay',
      RELAY_TIMEOUT_MS: 500,
      RELAY_ATTEMPTS_MAX: 3,
      RELAY_RETRY_MS: 20,
      SHUTDOWN_DELAY_MS: 0,
      SHUTDOWN_TIMEOUT_MS: 600_000,
    },
  );
});

t.test('reading the settings leaves the environment unchanged', async (t) => {
  const env = { PORT: '8080', HOST: '' };
  readConfig(env);
  t.strictSame(env, { PORT: '8080', HOST: '' });
});

const senseless: [name: string, values: string[]][] = [
  ['PORT', ['-1', '65536', '80.5', 'http', '3000;', '1e9']],
  ['LOG_LEVEL', ['verbose', 'INFO', '3']],
  ['DATABASE_URLS', ['mysql://h/d', 'db', 'postgres://h/d mysql://h/d', 'postgres://h/a#b, postgres://h/d']],
  ['DATABASE_SHARDS', ['0', '65', 'many', '1.5']],
  ['DATABASE_CITUS', ['yes', '1', 'TRUE']],
  [
    'DATABASE_URL',
    [
      'mysql://u:s3cret@h/d',
      'u:s3cret@h/d',
      'postgres://u:s3cret@h:port/d',
      'postgres://u:50%@h/d',
      'postgres://u:a#b@h/d',
      'postgres://u:p@ss/w#rd@h/d',
    ],
  ],
  ['DATABASE_CONNECTIONS_MAX', ['0', '-5', 'many', '1001', '2.5']],
  ['STATEMENT_TIMEOUT_MS', ['0', '5s', '600001']],
  ['SHUTDOWN_TIMEOUT_MS', ['0', '10s', '600001']],
  ['LOCK_TIMEOUT_MS', ['0', 'never']],
  ['WEB_CONCURRENCY', ['0', 'all', '257']],
  ['RATE_LIMIT_PER_SECOND', ['-1', '0.5', '1000001', 'none']],
  [
    'TRUST_PROXY',
    [
      '1',
      'yes',
      'TRUE',
      'balancer',
      '10.0.0.1,',
      '10.0.0.0/33',
      '10.0.0.0/0',
      '::/129',
      '10.0.0.0/8/8',
      'true,::1',
    ],
  ],
  ['CLAIM_LANES', ['0', '101']],
  ['CLAIM_BATCH_SIZE_MAX', ['0', '10001']],
  ['CLAIMS_WAITING_MAX', ['0', '1000001']],
  ['CLAIM_WAIT_TIMEOUT_MS', ['0', '1.5']],
  ['CLAIM_OUTCOME_TIMEOUT_MS', ['0', '-1']],
  ['EVENT_FOLLOWERS_MAX', ['0', '100001']],
  ['EVENTS_KEEP_DAYS', ['-1', '36501', '1.5']],
  ['RELAY_URL', ['ftp://shop.example', 'shop.example']],
  ['RELAY_TIMEOUT_MS', ['0', '10s']],
  ['RELAY_ATTEMPTS_MAX', ['0', '1001']],
  ['RELAY_RETRY_MS', ['0', '600001']],
];
for (const [name, values] of senseless) {
  for (const value of values) {
    t.test(`${name}=${value} is refused, and the error names ${name}`, async (t) => {
      t.throws(() => readConfig({ [name]: value }), {
        message: new RegExp(`^invalid setting: ${name} must`),
      });
    });
  }
}

t.test('the error about LOG_LEVEL lists the levels', async (t) => {
  t.throws(() => readConfig({ LOG_LEVEL: 'verbose' }), {
    message: 'invalid setting: LOG_LEVEL must be one of fatal, error, warn, info, debug, trace, silent',
  });
});

t.test('no error shows the password of the database, whichever setting is wrong', async (t) => {
  const url = 'postgres://coupons:s3cret@db/coupons';
  for (const env of [
    { DATABASE_URL: url, PORT: 'http' },
    { DATABASE_URL: url.replace('postgres', 'mysql') },
    { DATABASE_URL: url.replace('@db', '@db:port') },
  ]) {
    t.throws(() => readConfig(env), 'the setting is refused');
    try {
      readConfig(env);
    } catch (error) {
      t.notMatch(inspect(error, { depth: null }), 's3cret');
    }
  }
});

t.test('the connections of all purposes together are DATABASE_CONNECTIONS_MAX', async (t) => {
  for (const [max, lanes] of [
    [6, 1],
    [9, 4],
    [10, 1],
    [10, 4],
    [100, 4],
  ]) {
    const config = readConfig({ DATABASE_CONNECTIONS_MAX: String(max), CLAIM_LANES: String(lanes) });
    const budget = connectionBudget(config);
    t.equal(
      Object.values(budget).reduce((sum, count) => sum + count, 0),
      max,
    );
    t.ok(
      Object.values(budget).every((count) => count >= 1),
      'each purpose has one at least',
    );
  }
});

t.test('too few connections for the lanes are refused by a message that names both settings', async (t) => {
  t.throws(() => readConfig({ DATABASE_CONNECTIONS_MAX: '8', CLAIM_LANES: '4' }), {
    message: 'invalid setting: DATABASE_CONNECTIONS_MAX must be at least 9 when CLAIM_LANES is 4',
  });
});

t.test('DATABASE_URLS are separated by white space or commas, and each may have several hosts', async (t) => {
  const urls = ['postgres://ada:s,x@a:1,b:2/coupons', 'postgresql://c/coupons', 'postgres://d/coupons'];
  for (const separator of [' ', ',', ', ', '\n  ', ' ,']) {
    const config = readConfig({ DATABASE_URLS: ` ${urls.join(separator)} ` });
    t.same(databaseUrls(config), urls);
    t.same(shapeOf(config), { shards: 3, databases: 3 }, 'a shard in each');
  }
});

t.test('settings of shards that contradict each other are refused, and the message names one', async (t) => {
  const url = 'postgres://h/d';
  const urls = 'postgres://h/a postgres://h/b';
  for (const [env, message] of [
    [{ DATABASE_URL: url, DATABASE_URLS: urls }, 'DATABASE_URLS must be absent when DATABASE_URL is set'],
    [
      { DATABASE_URLS: urls, DATABASE_SHARDS: '1' },
      'DATABASE_SHARDS must be at least 2, the number of DATABASE_URLS',
    ],
    [
      { DATABASE_URLS: urls, DATABASE_SHARDS: '32', CLAIM_LANES: '4' },
      'DATABASE_CONNECTIONS_MAX must be at least 21 for the 16 lanes of a database, 1 for each of its 16 shards',
    ],
  ] as const) {
    t.throws(() => readConfig(env), { message: `invalid setting: ${message}` });
  }
});

t.test('Citus needs one coordinator, several shards, and no pooler', async (t) => {
  const cluster = { DATABASE_CITUS: 'true', DATABASE_URL: 'postgres://h/d', DATABASE_SHARDS: '4' };
  t.equal(readConfig(cluster).DATABASE_CITUS, true);
  for (const [change, message] of [
    [{ DATABASE_URL: '' }, 'DATABASE_CITUS needs DATABASE_URL, the coordinator of the cluster'],
    [
      { DATABASE_URL: '', DATABASE_URLS: 'postgres://h/a postgres://h/b' },
      'DATABASE_CITUS needs DATABASE_URL, the coordinator of the cluster',
    ],
    [{ DATABASE_SHARDS: '' }, 'DATABASE_CITUS needs DATABASE_SHARDS, 2 or more'],
    [{ DATABASE_POOLER: 'true' }, 'DATABASE_POOLER must be false with DATABASE_CITUS'],
  ] as const) {
    t.throws(() => readConfig({ ...cluster, ...change }), { message: `invalid setting: ${message}` });
  }
});

t.test('the lanes are spread over the shards, and each shard has one at least', async (t) => {
  const lanes = (shards: number, lanes: number) =>
    lanesPerShard(
      readConfig({
        DATABASE_SHARDS: String(shards),
        CLAIM_LANES: String(lanes),
        DATABASE_CONNECTIONS_MAX: '100',
      }),
    );
  t.same([lanes(1, 4), lanes(2, 4), lanes(4, 4), lanes(3, 4), lanes(32, 4)], [4, 2, 1, 2, 1]);
});

t.test('the metrics have a port of their own', async (t) => {
  const message = 'invalid setting: METRICS_PORT must be another port than PORT';
  t.throws(() => readConfig({ PORT: '3000', METRICS_PORT: '3000' }), { message });
  t.equal(readConfig({ PORT: '0', METRICS_PORT: '0' }).METRICS_PORT, 0, 'each takes a free one');
});

t.test('the address of the collector is a URL', async (t) => {
  const message = 'invalid setting: OTEL_EXPORTER_OTLP_ENDPOINT must be a URL such as http://collector:4318';
  for (const url of ['collector:4318', 'http://']) {
    t.throws(() => readConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: url }), { message });
  }
});
