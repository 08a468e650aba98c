import type { Sql } from 'postgres';
import { audit } from '../../../db/books/audit.js';
import { transact } from '../../../db/transaction.js';
import type { Client } from '../../database/client.js';
import { place } from '../placement.js';
import type { Shards } from '../shards.js';
import { copyLog, copyRelay } from './log.js';
import { assertSource, prepareForMove } from './prepare.js';
import { copyTable } from './rows.js';
import { LOCK_TIMEOUT, lockAgainstAll, lockAgainstWrites } from './take-over.js';

/** The tables of a database without shards, in the order in which their rows can be copied. */
const TABLES = [
  ...['coupons', 'claims', 'released_claims', 'events', 'event_log', 'relay', 'dead_letters'],
  'schema_migrations',
];
/**
 * Columns whose next number must be larger than all that were drawn before, and where it comes from with
 * Citus: see db/event-id.ts.
 */
const NUMBERED = [
  ['claims', 'claim_number', 'last_claim_number'],
  ['events', 'id', 'last_event_id'],
  ['dead_letters', 'id', undefined],
] as const;
/** Where the tables of before are kept. */
export const KEPT_IN = 'before_shards';

/** The shards do not have what the tables had. Nothing was changed. */
export class MoveRefused extends Error {}

export interface MoveOptions {
  /** Opens a client of database 0, without shards. */
  openSource: () => Client;
  onProgress: (sentence: string) => void;
}

/**
 * Moves the coupons of a database without shards into shards. It is the first of the databases. Writes wait
 * meanwhile, and the tables of before are kept. Until the last moment the database is one without shards: a
 * move that fails changes nothing, and can be tried again.
 * @throws MoveRefused, PlacementRefused, or the error of postgres.js.
 */
export async function moveIntoShards(shards: Shards, { openSource, onProgress }: MoveOptions): Promise<void> {
  await assertSource(shards.servers[0]!);
  const client = openSource();
  await transact(client.sql, async (source) => {
    // Reads go on. A claim that is under way ends first.
    await source.unsafe(`set local lock_timeout = '${LOCK_TIMEOUT}'; set local statement_timeout = 0`);
    await source.unsafe('set local idle_in_transaction_session_timeout = 0; set local enable_seqscan = on');
    let isTold = false;
    const onWait = () => {
      if (isTold) return;
      isTold = true;
      onProgress('waiting for others that use the tables, such as a backup: pg_locks names them');
    };
    await lockAgainstWrites(source, TABLES, onWait);
    const installation = await prepareForMove(shards.servers);
    for (const [database, server] of shards.servers.entries()) {
      await server.query((sql) =>
        place(sql, { ...shards.shape, database, isCitus: server.isCitus }, installation),
      );
      await server.migrate();
    }
    await copy(source, shards, onProgress);
    await compare(openSource, shards, onProgress);
    await lockAgainstAll(source, openSource(), TABLES, onWait);
    await source.unsafe(`create schema ${KEPT_IN}`);
    for (const table of TABLES) await source.unsafe(`alter table ${table} set schema ${KEPT_IN}`);
  });
}

async function copy(source: Sql, shards: Shards, onProgress: (sentence: string) => void): Promise<void> {
  for (const [table, nameOf] of [
    ['coupons', 'r.name'],
    ['claims', 'r.coupon_name'],
    ['released_claims', 'r.coupon_name'],
    ['dead_letters', "r.event ->> 'subject'"],
  ] as const) {
    const count = await copyTable(source, shards, table, nameOf);
    onProgress(`copied ${count.toLocaleString('en')} rows of ${table}`);
  }
  await copyLog(source, shards);
  await copyRelay(source, shards);
  onProgress('copied the log');
  for (const [table, column, rowColumn] of NUMBERED) {
    const [row] = await source<{ last: string | null }[]>`
      select pg_sequence_last_value(pg_get_serial_sequence(${table}, ${column})::regclass)::text as last`;
    if (row?.last == null) continue;
    for (const shard of shards.all) {
      const isInRow = shard.isCitus && rowColumn !== undefined;
      await shard.write((sql) =>
        isInRow
          ? sql`update event_log set ${sql(rowColumn)} = ${row.last}::text::bigint`
          : sql`select setval(pg_get_serial_sequence(${table}, ${column}), ${row.last}::text::bigint)`,
      );
    }
  }
}

interface Books {
  sentences: string[];
  counts: Record<'coupons' | 'claims' | 'events', number>;
  /** One number for all coupons, claims and dead letters: with the stock, the times, and the keys. */
  fingerprint: bigint;
}

/** The audits must find the same: the same numbers, and the same differences, if there are any. */
async function compare(
  openSource: () => Client,
  shards: Shards,
  onProgress: (sentence: string) => void,
): Promise<void> {
  const before = await readBooks(openSource(), undefined);
  const parts = [];
  for (const [shard, database] of shards.all.entries()) {
    const isMisplaced = (name: string) => shards.numberOf(name) !== shard;
    parts.push(await readBooks(database.openClient({}), database.schema, isMisplaced));
  }
  const after = {
    sentences: parts.flatMap(({ sentences }) => sentences),
    counts: {
      coupons: sum(parts.map(({ counts }) => counts.coupons)),
      claims: sum(parts.map(({ counts }) => counts.claims)),
      events: sum(parts.map(({ counts }) => counts.events)),
    },
    fingerprint: parts.reduce((all, { fingerprint }) => all ^ fingerprint, 0n),
  };
  const textOf = ({ sentences, counts, fingerprint }: Books) =>
    JSON.stringify([counts, String(fingerprint), [...sentences].sort()]);
  if (textOf(before) !== textOf(after)) {
    throw new MoveRefused('the shards do not have what the tables have: nothing was changed');
  }
  const { coupons, claims, events } = after.counts;
  const [couponCount, claimCount, eventCount] = [coupons, claims, events].map((n) => n.toLocaleString('en'));
  onProgress(
    `compared ${couponCount} coupons, ${claimCount} claims and ${eventCount} events: the shards have the same`,
  );
}

async function readBooks(
  client: Client,
  schema: string | undefined,
  isMisplaced?: (name: string) => boolean,
): Promise<Books> {
  const sentences: string[] = [];
  const counts = await audit(client.sql, {
    schema,
    ...(isMisplaced && { isMisplaced }),
    onDifferences: (found) => void sentences.push(...found.map(({ sentence }) => sentence)),
  });
  await client.sql`set statement_timeout = 0`;
  const fingerprint = await fingerprintOf(client.sql);
  await client.close(0);
  const { coupons, claims, events } = counts;
  return { sentences, counts: { coupons, claims, events }, fingerprint };
}

async function fingerprintOf(sql: Sql): Promise<bigint> {
  const [row] = await sql<{ fingerprint: string }[]>`
    select (
      coalesce((select bit_xor(hashtextextended(coupon::text, 0)) from coupons as coupon), 0)
      # coalesce((select bit_xor(hashtextextended(claim::text, 1)) from claims as claim), 0)
      # coalesce((select bit_xor(hashtextextended(released::text, 2)) from released_claims as released), 0)
      # coalesce((select bit_xor(hashtextextended(letter::text, 3)) from dead_letters as letter), 0)
    )::text as fingerprint`;
  return BigInt(row!.fingerprint);
}

const sum = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0);
