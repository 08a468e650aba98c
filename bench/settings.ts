import { Command } from 'commander';
import postgres, { type Sql } from 'postgres';
import { migrate } from '../db/migrate.js';
import { CLAIM_SETTINGS } from '../src/claims/claim-statement.js';
import { median } from './median.js';
import { atLeast } from './options.js';
import { claimBatch } from './rig/batches.js';
import { usageOf } from './rig/cost.js';
import { type OwnDatabase, startEmptyDatabase } from './rig/database.js';
import { describeMachine, readCommit } from './rig/environment.js';
import { abortOnSignal } from './rig/stop.js';

/**
 * The command: what settings of PostgreSQL do to a hot coupon. Each round measures all of them, one after
 * the other, and each measurement starts PostgreSQL anew. The claims are made by the statement of the service
 * over one connection, without HTTP. A checkpoint comes before, and the names of the users are random: both
 * make PostgreSQL log whole pages, as in a sale.
 */

/** Beside those that the service gives its own PostgreSQL. The first is what the others are compared with. */
const VARIANTS: Record<string, Record<string, string>> = {
  'as shipped': {},
  // So few claims are over before the checkpoint that 1 GB brings. A smaller one shows what checkpoints cost.
  'max_wal_size=128MB': { max_wal_size: '128MB' },
  'wal_compression=pglz': { wal_compression: 'pglz' },
  'max_wal_size=128MB, wal_compression=pglz': { max_wal_size: '128MB', wal_compression: 'pglz' },
  // The shortest that PostgreSQL takes.
  'checkpoint_timeout=30s': { checkpoint_timeout: '30s' },
  'shared_buffers=1GB': { shared_buffers: '1GB' },
  'synchronous_commit=off': { synchronous_commit: 'off' },
};
const COUPON = 'HOT';
/** As a busy lane has it. */
const BATCH_SIZE = 50;

interface Figures {
  claimsPerSecond: number;
  walBytesPerClaim: number;
  databaseUsPerClaim: number;
  checkpoints: number;
  diskBytesPerClaim: number;
}

const command = new Command('npm run bench:settings --')
  .description('Measures what settings of PostgreSQL do to a hot coupon.')
  .option('--before <count>', 'the claims in the table before', atLeast(1), 1_000_000)
  .option('--claims <count>', 'the claims to measure', atLeast(BATCH_SIZE), 400_000)
  .option('--rounds <count>', 'how often', atLeast(1), 2)
  .parse();
const { before, claims, rounds } = command.opts<{ before: number; claims: number; rounds: number }>();

const signal = abortOnSignal();
const measured: Record<string, Figures[]> = {};
for (let round = 1; round <= rounds; round++) {
  for (const [name, settings] of Object.entries(VARIANTS)) {
    const database = await startEmptyDatabase(settings);
    const { stop } = database;
    signal.addEventListener('abort', stop);
    try {
      const figures = await measure(database);
      if (round === 1) measured[name] = [];
      measured[name]!.push(figures);
      console.error(`round ${round}: ${name}: ${JSON.stringify(figures)}`);
    } finally {
      signal.removeEventListener('abort', stop);
      await stop();
    }
  }
}
console.log(`${await readCommit()}; ${describeMachine()}`);
console.log(
  `${claims.toLocaleString('en')} claims, ${before.toLocaleString('en')} before, ${rounds} rounds, medians\n`,
);
for (const [name, figures] of Object.entries(measured)) console.log(describe(name, figures));
process.exit();

async function measure(database: OwnDatabase): Promise<Figures> {
  const { sql } = database;
  await migrate(sql);
  await sql`insert into coupons (name, amount, remaining_amount) values (${COUPON}, 100000000, 100000000)`;
  await sql`
    insert into claims (coupon_name, user_id, idempotency_key)
    select ${COUPON}, md5(number::text), gen_random_uuid() from generate_series(1, ${before}::int) as number`;
  const lane = postgres(database.url, { max: 1, onnotice: () => {}, connection: CLAIM_SETTINGS });
  await claimBatch(lane, [COUPON], BATCH_SIZE);
  await sql`checkpoint`;
  const start = await read(sql, database.pid);
  const startedAt = performance.now();
  for (let made = 0; made < claims; made += BATCH_SIZE) await claimBatch(lane, [COUPON], BATCH_SIZE);
  const seconds = (performance.now() - startedAt) / 1_000;
  const end = await read(sql, database.pid);
  await lane.end();
  const perClaim = (part: 'wal' | 'disk' | 'cpuMs') => (end[part] - start[part]) / claims;
  return {
    claimsPerSecond: Math.round(claims / seconds),
    walBytesPerClaim: Math.round(perClaim('wal')),
    databaseUsPerClaim: Math.round(perClaim('cpuMs') * 1_000),
    checkpoints: end.checkpoints - start.checkpoints,
    diskBytesPerClaim: Math.round(perClaim('disk')),
  };
}

async function read(sql: Sql, pid: number) {
  const [row] = await sql<{ wal: number; checkpoints: number; disk: number }[]>`
    select (pg_current_wal_insert_lsn() - '0/0')::float8 as wal,
      (select (num_timed + num_requested)::float8 from pg_stat_checkpointer) as checkpoints,
      (pg_total_relation_size('claims') + pg_total_relation_size('events'))::float8 as disk`;
  return { ...row!, cpuMs: (await usageOf(pid))?.cpuMs ?? 0 };
}

function describe(name: string, figures: Figures[]): string {
  const middle = (part: keyof Figures, all = figures) => median(all.map((one) => one[part]))!;
  const ratio = median(
    figures.map(({ claimsPerSecond }, i) => claimsPerSecond / measured['as shipped']![i]!.claimsPerSecond),
  )!;
  return `${name}: ${middle('claimsPerSecond')} claims/s (× ${ratio.toFixed(2)}), ${middle('walBytesPerClaim')} B of WAL, ${middle('databaseUsPerClaim')} µs in PostgreSQL, ${middle('diskBytesPerClaim')} B on the disk a claim; ${middle('checkpoints')} checkpoints`;
}
