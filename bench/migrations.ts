import { copyFile, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import type { Sql } from 'postgres';
import { makeTemporaryFolder } from '../db/embedded/throw-away.js';
import { migrate } from '../db/migrate.js';
import { projectRoot } from '../db/project-root.js';
import { median } from './median.js';
import { atLeast } from './options.js';
import { connect, type OwnDatabase, startEmptyDatabase } from './rig/database.js';
import { describeMachine, readCommit } from './rig/environment.js';
import { fill } from './rig/fill.js';
import { abortOnSignal } from './rig/stop.js';

/**
 * The command: applies the migrations to a database that is full of claims, while others claim. For each it
 * tells how long it took, how long the slowest of these claims took, and which locks the migration held on
 * the tables of the claims.
 */

const PROBE_INTERVAL_MS = 2;
const QUIET_SECONDS = 10;
const PROBED = 'probed';

const { claims, coupons } = new Command('npm run bench:migrations --')
  .description('Measures how long the migrations hold up claims.')
  .option('--claims <count>', 'the claims in the table', atLeast(1), 1_000_000)
  .option('--coupons <count>', 'the coupons that they are for', atLeast(1), 1_000)
  .parse()
  .opts<{ claims: number; coupons: number }>();

const source = join(projectRoot, 'db', 'migrations');
const [first, ...others] = (await readdir(source)).filter((name) => name.endsWith('.sql')).sort();
const temporary = await makeTemporaryFolder('coupons-migrations-');
const database = await startEmptyDatabase();
abortOnSignal().addEventListener('abort', () => void database.stop());
try {
  await copyFile(join(source, first!), join(temporary.folder, first!));
  await migrate(database.sql, { folder: temporary.folder });
  await fill(database.sql, claims, coupons);
  await database.sql`
    insert into coupons (name, amount, remaining_amount) values (${PROBED}, 100000000, 100000000)`;
  await database.sql`create table noted_locks (migration text, relation text, mode text)`;
  console.log(`${await readCommit()}; ${describeMachine()}; PostgreSQL ${database.version}`);
  console.log(`${claims.toLocaleString('en')} claims, ${coupons.toLocaleString('en')} coupons`);
  console.log(`on the disk: ${await readSizes(database.sql)}\n`);
  console.log(row(['migration', 'seconds', 'claims', 'median ms', 'longest ms', 'locks']));
  await measure('(none)', database, () => sleep(QUIET_SECONDS * 1_000));
  for (const name of others) await measure(name, database, () => applyAndNoteLocks(database.sql, name));
  console.log(`\non the disk: ${await readSizes(database.sql)}`);
} finally {
  await database.stop();
  await temporary.remove();
}

/** Applies a migration that, as its last step, notes which locks it holds. */
async function applyAndNoteLocks(sql: Sql, name: string): Promise<void> {
  const note = `;
    insert into noted_locks
    select '${name}', relname, mode
    from pg_locks join pg_class on pg_class.oid = relation
    where pid = pg_backend_pid() and relname in ('claims', 'coupons');`;
  await writeFile(join(temporary.folder, name), (await readFile(join(source, name), 'utf8')) + note);
  await migrate(sql, { folder: temporary.folder });
}

/** Claims one after the other while `run` runs, and prints how long that took. */
async function measure(name: string, { url, sql }: OwnDatabase, run: () => Promise<void>): Promise<void> {
  const prober = connect(url);
  await prober`select`;
  const durationsMs: number[] = [];
  let isOver = false;
  const probing = (async () => {
    while (!isOver) {
      const start = performance.now();
      await claim(prober, `${name}-${durationsMs.length}`);
      durationsMs.push(performance.now() - start);
      await sleep(PROBE_INTERVAL_MS);
    }
  })();
  const start = performance.now();
  let seconds = 0;
  const running = run().finally(() => {
    seconds = (performance.now() - start) / 1_000;
    isOver = true;
  });
  await Promise.all([running, probing]);
  await prober.end();
  const locks = await sql<{ relation: string; mode: string }[]>`
    select relation, mode from noted_locks where migration = ${name} order by relation, mode`;
  const longest = durationsMs.reduce((a, b) => Math.max(a, b));
  console.log(
    row([
      name,
      seconds.toFixed(2),
      String(durationsMs.length),
      median(durationsMs)!.toFixed(1),
      longest.toFixed(1),
      locks.map(({ relation, mode }) => `${relation}: ${mode}`).join(', ') || 'none',
    ]),
  );
}

async function claim(sql: Sql, user: string): Promise<void> {
  await sql`
    with locked_coupon as (
      select name from coupons where name = ${PROBED} and remaining_amount > 0 for no key update
    ),
    made_claim as (
      insert into claims (coupon_name, user_id) select name, ${user} from locked_coupon
      returning coupon_name
    )
    update coupons set remaining_amount = remaining_amount - 1 from made_claim where name = coupon_name`;
}

async function readSizes(sql: Sql): Promise<string> {
  const rows = await sql<{ text: string }[]>`
    select relname || ' ' || round(pg_total_relation_size(oid) / 1e6) || ' MB' as text
    from pg_class
    where relname in ('claims', 'coupons', 'events') and relkind = 'r'
    order by relname`;
  return rows.map(({ text }) => text).join(', ');
}

function row(cells: string[]): string {
  const widths = [30, 9, 9, 10, 11, 0];
  return cells
    .map((cell, i) => cell.padEnd(widths[i]!))
    .join(' ')
    .trimEnd();
}
