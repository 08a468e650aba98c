import type { PendingQuery, Row, Sql } from 'postgres';
import { transact } from '../transaction.js';
import { differencesIn } from './accounts.js';
import { differencesInLog, type LogAccount, selectLogAccounts } from './log-accounts.js';
import { type ClaimDifference, differencesOf, selectClaimDifferences } from './log-claims.js';

/** Something that does not agree. */
export interface Difference {
  sentence: string;
  /** What the tables have and the log lacks. */
  missing?: { account: LogAccount } | { claim: ClaimDifference } | undefined;
}

export interface AuditReport {
  /** The moment of the snapshot. */
  at: Date;
  coupons: number;
  claims: number;
  events: number;
  /** Claims that may be older than what is left of the log, and are not in it. */
  olderClaims: number;
  differences: number;
}

/**
 * Bounds what the audit takes: memory, and the processors beside the one that it uses. What a sort or a
 * hash needs beyond the memory goes to a file. A cursor's plan must be the best for all of its rows.
 */
const SETTINGS = [
  'set local statement_timeout = 0',
  'set local lock_timeout = 0',
  'set local idle_in_transaction_session_timeout = 0',
  "set local work_mem = '64MB'",
  'set local max_parallel_workers_per_gather = 0',
  'set local jit = off',
  'set local enable_seqscan = on',
  'set local enable_nestloop = off',
  'set local cursor_tuple_fraction = 1',
];

const ROWS_PER_FETCH = 1_000;
/** If more coupons differ, their names are not listed: the claims of all coupons are compared. */
const NAMES_MAX = 1_000;

/** Events that come first in the log may be this much younger than those behind them. */
const DISORDER = '10 minutes';

export interface AuditOptions {
  /** Gets the differences, some at a time. The audit waits for it. */
  onDifferences: (differences: Difference[]) => void | Promise<void>;
  /** Gets the id of the database's process, to cancel the audit with `pg_cancel_backend`. */
  onBegin?: (pid: number) => void;
  /** Whether other audits that are alone wait. The snapshot shows what they wrote. */
  isAlone?: boolean;
  /** Where the tables are. Undefined: in the default schema. */
  schema?: string | undefined;
  /** Whether a coupon lives in another shard, and nobody finds it in this one. */
  isMisplaced?: (name: string) => boolean;
}

/**
 * Audits the books: whether the coupons, their claims and the log agree, in one snapshot.
 * @param sql a client of one connection.
 * @throws what postgres.js or a callback throws.
 */
export function audit(sql: Sql, options: AuditOptions): Promise<AuditReport> {
  const begin = ['begin isolation level repeatable read read only', ...SETTINGS];
  if (options.schema !== undefined) begin.push(`set local search_path = ${options.schema}`);
  // It takes no snapshot yet, and blocks nothing but its like.
  if (options.isAlone) begin.push('lock table event_log in share update exclusive mode');
  return transact(sql, (sql) => auditSnapshot(sql, options), begin.join('; '));
}

async function auditSnapshot(
  sql: Sql,
  { onDifferences, onBegin, isMisplaced = () => false }: AuditOptions,
): Promise<AuditReport> {
  const { pid, at, horizon } = await readHorizon(sql);
  onBegin?.(pid);
  const report: AuditReport = { at, coupons: 0, claims: 0, events: 0, olderClaims: 0, differences: 0 };
  const tell = async (differences: Difference[]) => {
    report.differences += differences.length;
    if (differences.length > 0) await onDifferences(differences);
  };
  const names: string[] = [];
  for await (const accounts of pagesOf(sql, selectLogAccounts(sql, horizon))) {
    for (const account of accounts) {
      if (account.version !== null) report.coupons++;
      report.claims += account.claims;
      report.events += account.events;
      if (!account.has_logged_claims && names.length <= NAMES_MAX) names.push(account.name);
    }
    await tell(
      accounts.flatMap((account) => [
        ...differencesIn(account).map((sentence) => ({ sentence })),
        ...differencesInLog(account),
        ...(isMisplaced(account.name)
          ? [{ sentence: `${account.name}: the coupon is in the wrong shard` }]
          : []),
      ]),
    );
  }
  if (names.length === 0) return report;
  const differing = selectClaimDifferences(sql, names.length > NAMES_MAX ? null : names, horizon);
  for await (const claims of pagesOf(sql, differing)) {
    await tell(claims.flatMap((claim) => (claim.name === null ? [] : differencesOf(claim))));
    for (const claim of claims) if (claim.name === null) report.olderClaims = claim.older;
  }
  return report;
}

/** Reads until when the events of a change may have been deleted. */
async function readHorizon(sql: Sql): Promise<{ pid: number; at: Date; horizon: string }> {
  const [row] = await sql<{ pid: number; at: Date; horizon: string }[]>`
    select pg_backend_pid() as pid, now() as at, case
      when deleted_id = 0 then '-infinity'
      else coalesce(
        (greatest(nullif(deleted_until, '-infinity'), (select created_at from events order by id limit 1))
          + ${DISORDER}::interval)::text,
        'infinity'
      )
    end as horizon
    from event_log`;
  return row!;
}

/** Reads the rows of a query in bounded memory. */
async function* pagesOf<R extends Row>(sql: Sql, query: PendingQuery<R[]>): AsyncGenerator<R[]> {
  // The cursor is PostgreSQL's, not that of postgres.js: see src/database/pages.ts.
  await sql`declare books no scroll cursor for ${query}`;
  for (;;) {
    const rows = await sql.unsafe<R[]>(`fetch ${ROWS_PER_FETCH} from books`);
    yield rows;
    if (rows.length < ROWS_PER_FETCH) break;
  }
  await sql`close books`;
}
