import { randomUUID } from 'node:crypto';
import type { Sql } from 'postgres';
import { isTransient } from '../database/errors.js';
import type { Server } from '../database/server.js';
import type { Shape } from './shape.js';

/** The databases are not those that the settings describe. A retry does not help. */
export class PlacementRefused extends Error {}

/** What a database knows of its place among the others. */
export interface Placement extends Shape {
  /** Tells an installation from others. */
  installation: string;
  /** Its place in DATABASE_URLS. */
  database: number;
  /** Of database 0: whether all of the others have been set up. A new one is refused then. */
  is_complete: boolean;
  /** Whether Citus spreads the shards over its nodes. Without Citus, the column does not exist. */
  is_citus?: boolean;
}

/** Stands outside of the shards. An installation without shards does not have it. */
export const PLACEMENT_TABLE = 'public.shard_placement';
// Any number that no other program uses: "place" in ASCII.
const PLACEMENT_LOCK = 0x706c616365;

/** What was found in a database: nothing of ours, tables that are not divided, or a place. */
type Found = 'nothing' | 'undivided' | Placement;

/** A database that cannot be used yet. */
export interface Waiting {
  database: number;
  error: unknown;
}

/**
 * Refuses databases that would split the data: of another number of shards, in another order, of another
 * installation, or one that is missing or new. New databases are set up, all together.
 * @param servers in the order of DATABASE_URLS.
 * @returns those that do not answer, or that must wait for one that does not.
 * @throws PlacementRefused with a sentence that names the setting, or the error of postgres.js.
 */
export async function agreeOnPlacement(servers: readonly Server[], shape: Shape): Promise<Waiting[]> {
  return lookAgain(() => agree(servers, shape));
}

async function agree(servers: readonly Server[], shape: Shape): Promise<Waiting[]> {
  const waiting: Waiting[] = [];
  const [{ isCitus }] = servers as [Server];
  const found = await Promise.all(
    servers.map((server, database) =>
      server
        .query((sql) => findPlacement(sql, { isCitus }))
        .catch((error) => {
          if (!isTransient(error)) throw error;
          waiting.push({ database, error });
          return undefined;
        }),
    ),
  );
  assertAgreement(found, shape, isCitus);
  const missing = [...found.keys()].filter((database) => found[database] === 'nothing');
  if (missing.length === 0) {
    const [root] = found;
    if (waiting.length === 0 && typeof root === 'object' && !root.is_complete) {
      await (servers[0] as Server).query(complete);
    }
    return waiting;
  }
  // A new database is set up only when all are known: another one may tell that it is not new.
  const [unknown] = waiting;
  if (unknown) return [...waiting, ...missing.map((database) => ({ database, error: unknown.error }))];
  const root = await (servers[0] as Server).query((sql) =>
    place(sql, { ...shape, database: 0, isCitus }, undefined),
  );
  for (const database of missing) {
    await (servers[database] as Server).query((sql) => place(sql, { ...shape, database, isCitus }, root));
  }
  // Another server may have set them up meanwhile, with other settings.
  return agree(servers, shape);
}

/**
 * Refuses databases that are not those of the settings, and changes nothing.
 * @param isAsked whether to look into this one.
 * @returns what was found. Undefined: the database was not asked.
 * @throws PlacementRefused with a sentence that names the setting, or the error of postgres.js.
 */
export async function verifyPlacement(
  servers: readonly Server[],
  shape: Shape,
  isAsked: (database: number) => boolean,
): Promise<(Found | undefined)[]> {
  const [{ isCitus }] = servers as [Server];
  return lookAgain(async () => {
    const found = await Promise.all(
      servers.map((server, database) =>
        isAsked(database) ? server.query((sql) => findPlacement(sql, { isCitus })) : undefined,
      ),
    );
    if (shape.shards === 1) assertUndivided(found[0]);
    else assertAgreement(found, shape, isCitus);
    return found;
  });
}

/**
 * Looks once more before it refuses. Databases that another server sets up meanwhile may seem to disagree,
 * because they are not read at the same moment.
 */
function lookAgain<T>(look: () => Promise<T>): Promise<T> {
  return look().catch((error) => {
    if (error instanceof PlacementRefused) return look();
    throw error;
  });
}

/** Refuses a database with shards when the settings have none. @throws PlacementRefused. */
function assertUndivided(found: Found | undefined): void {
  if (typeof found !== 'object') return;
  throw new PlacementRefused(
    `invalid setting: DATABASE_SHARDS must be ${found.shards}: the database has that many shards` +
      (found.databases > 1 ? `, in ${found.databases} databases (DATABASE_URLS)` : ''),
  );
}

function assertAgreement(found: readonly (Found | undefined)[], shape: Shape, isCitus: boolean): void {
  const refuse = (sentence: string) => {
    throw new PlacementRefused(`invalid setting: ${sentence}`);
  };
  const placed: Placement[] = [];
  for (const [database, known] of found.entries()) {
    if (known === 'undivided') {
      refuse(
        `DATABASE_SHARDS must be absent: database ${database} has coupons that are not divided into shards; ` +
          'npm run shards:move divides them',
      );
    }
    if (typeof known !== 'object') continue;
    if (known.shards !== shape.shards) {
      refuse(`DATABASE_SHARDS must be ${known.shards}: database ${database} was set up with that many`);
    }
    if (Boolean(known.is_citus) !== isCitus) {
      refuse(`DATABASE_CITUS must be ${!isCitus}: the database was set up so`);
    }
    if (known.databases !== shape.databases) {
      refuse(
        `DATABASE_URLS must name ${known.databases} databases: database ${database} was set up with that many`,
      );
    }
    if (known.database !== database) {
      refuse(
        `DATABASE_URLS must be in the order in which they were set up: number ${database} is database ` +
          `${known.database}`,
      );
    }
    placed.push(known);
  }
  if (new Set(placed.map(({ installation }) => installation)).size > 1) {
    refuse('DATABASE_URLS must be of one installation: the databases were not set up together');
  }
  const root = found[0];
  const isComplete = root === 'nothing' ? placed.length > 0 : typeof root === 'object' && root.is_complete;
  const empty = found.indexOf('nothing');
  if (isComplete && empty >= 0) {
    refuse(`DATABASE_URLS must name the databases that were set up: database ${empty} is empty`);
  }
}

export async function findPlacement(sql: Sql, { isCitus }: Pick<Server, 'isCitus'>): Promise<Found> {
  if (isCitus) await assertCoordinator(sql);
  const [row] = await sql<{ is_placed: boolean; is_undivided: boolean }[]>`
    select to_regclass(${PLACEMENT_TABLE}) is not null as is_placed,
      exists (
        select from pg_class where oid = to_regclass('coupons') and relkind in ('r', 'p')
      ) as is_undivided`;
  // A move into shards that did not come to its end has left the tables as they were.
  if (row?.is_undivided) return 'undivided';
  return row?.is_placed ? readPlacement(sql) : 'nothing';
}

/** @throws PlacementRefused. */
async function assertCoordinator(sql: Sql): Promise<void> {
  const [row] = await sql<{ has_citus: boolean }[]>`
    select exists (select from pg_extension where extname = 'citus') as has_citus`;
  if (!row?.has_citus) {
    throw new PlacementRefused(
      'invalid setting: DATABASE_CITUS must be false: the database has no extension citus',
    );
  }
  const [node] = await sql<{ is_coordinator: boolean; workers: number }[]>`
    select (select groupid = 0 from pg_dist_local_group) as is_coordinator,
      (select count(*)::int from citus_get_active_worker_nodes()) as workers`;
  if (!node?.is_coordinator) {
    throw new PlacementRefused('invalid setting: DATABASE_URL must name the coordinator of the cluster');
  }
  if (node.workers === 0) {
    throw new PlacementRefused('the Citus cluster has no workers: add them with citus_add_node');
  }
}

export async function readPlacement(sql: Sql): Promise<Placement> {
  const [placement] = await sql<[Placement]>`
    select * from ${sql(PLACEMENT_TABLE)}`;
  return placement;
}

/**
 * Gives a database its place, unless it has one.
 * @returns the installation. It may be another one: somebody else was faster.
 */
export async function place(
  sql: Sql,
  { shards, databases, database, isCitus }: Shape & { database: number; isCitus: boolean },
  installation: string = randomUUID(),
): Promise<string> {
  // Statements of one message are one transaction.
  await sql.unsafe(`
    select pg_advisory_xact_lock(${PLACEMENT_LOCK});
    create table if not exists ${PLACEMENT_TABLE} (
      is_only_row boolean not null default true,
      installation uuid not null,
      shards integer not null,
      databases integer not null,
      database integer not null,
      is_complete boolean not null default false,
      ${isCitus ? 'is_citus boolean not null default true,' : ''}

      constraint shard_placement_pkey primary key (is_only_row),
      constraint shard_placement_is_only_row check (is_only_row)
    );
    insert into ${PLACEMENT_TABLE} (installation, shards, databases, database)
    values ('${installation}', ${shards}, ${databases}, ${database})
    on conflict on constraint shard_placement_pkey do nothing`);
  const [row] = await sql<Placement[]>`select installation from ${sql(PLACEMENT_TABLE)}`;
  return row!.installation;
}

/** Notes that all databases have been set up. */
async function complete(sql: Sql): Promise<unknown> {
  return sql`update ${sql(PLACEMENT_TABLE)} set is_complete = true where not is_complete`;
}
