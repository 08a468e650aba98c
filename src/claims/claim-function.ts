import { createHash } from 'node:crypto';
import postgres, { type Sql } from 'postgres';
import { DatabaseTimeout } from '../database/errors.js';
import { type ClaimTables, claimStatement } from './claim-sql.js';
import { type Answer, CLAIM_SETTINGS, type DecideBatch } from './claim-statement.js';

/**
 * Session settings of the connections that claim through a coordinator of Citus. A call is sent to the node
 * of its shard only if the coordinator knows its parameters when it plans.
 */
export const CALL_SETTINGS = { plan_cache_mode: 'force_custom_plan' };

/** ShareLock, in PostgreSQL's list of lock modes. */
const SHARE_LOCK = 5;
const PARAMETERS = 'text[], text[], text[], text[], text';
const CLAIM = nameOf(false);
const KEYED_CLAIM = nameOf(true);
/** query_canceled. */
const CANCELED = '57014';

/** The name tells the version of the text: services of two versions have a function each. */
function nameOf(isKeyed: boolean): string {
  const text = definitionOf(isKeyed, '', '', new Map());
  const version = createHash('sha256').update(text).digest('hex').slice(0, 8);
  return `claim${isKeyed ? '_keyed' : ''}_${version}`;
}

/**
 * Runs the claim statement as a function on the node of its shard, in one round trip.
 * @param lockTimeoutMs of the statement there: settings of our session do not reach it.
 */
export function decideByFunction(schema: string, lockTimeoutMs: number): DecideBatch {
  const textOf = (name: string) =>
    `select decisions, off_sale, is_contended from ${schema}.${name}($1, $2, $3, $4, $5)`;
  const [text, keyedText] = [textOf(CLAIM), textOf(KEYED_CLAIM)];
  const timeout = `${lockTimeoutMs}ms`;
  return async (sql, isKeyed, parameters) => {
    try {
      return await sql.unsafe<Answer[]>(isKeyed ? keyedText : text, [...parameters, timeout], {
        prepare: true,
      });
    } catch (error) {
      // The node may have committed, while the coordinator gave up waiting for its answer.
      if (error instanceof postgres.PostgresError && error.code === CANCELED) {
        throw new DatabaseTimeout('the coordinator gave up waiting', { cause: error });
      }
      throw error;
    }
  };
}

/**
 * Creates the functions of a schema that Citus distributes, unless they are there.
 * @param sql in a transaction.
 */
export async function createClaimFunctions(sql: Sql, schema: string): Promise<void> {
  const rows = await sql<{ name: string; shard: string }[]>`
    select relname as name, shardid as shard
    from pg_dist_shard join pg_class on pg_class.oid = logicalrelid
    where relnamespace = ${schema}::regnamespace`;
  const shards = new Map(rows.map(({ name, shard }) => [name, shard]));
  for (const isKeyed of [false, true]) {
    const name = isKeyed ? KEYED_CLAIM : CLAIM;
    const body = bodyOf(isKeyed, schema, shards);
    // A dump that was restored has shards with other numbers.
    const [found] = await sql`
      select from pg_proc
      where pronamespace = ${schema}::regnamespace and proname = ${name} and prosrc = ${body}`;
    if (found) continue;
    await sql.unsafe(definitionOf(isKeyed, schema, name, shards));
    await sql`
      select create_distributed_function(
        ${`${schema}.${name}(${PARAMETERS})`}::regprocedure, colocate_with => ${`${schema}.coupons`}
      )`;
  }
}

function definitionOf(
  isKeyed: boolean,
  schema: string,
  name: string,
  shards: ReadonlyMap<string, string>,
): string {
  return `
    create or replace function ${schema}.${name}(${PARAMETERS})
    returns table (decisions text, off_sale json, is_contended boolean)
    language plpgsql
    set search_path = pg_catalog
    ${Object.entries(CLAIM_SETTINGS)
      .map(([name, value]) => `set ${name} = ${value}`)
      .join(' ')}
    as $function$${bodyOf(isKeyed, schema, shards)}$function$`;
}

/**
 * The statement stands in the function with the tables that hold the rows on the node, such as
 * `claims_102008`: Citus would divide it into ten statements, and plan each of them for each batch. What
 * Citus does before it writes, the function does itself: it locks the shard, so that a move waits for it,
 * and looks whether the shard still is on this node. If it is not, all requests run again.
 */
function bodyOf(isKeyed: boolean, schema: string, shards: ReadonlyMap<string, string>): string {
  const shardOf = (table: string) => shards.get(table) ?? '0';
  const tableOf = (table: string) => `${schema}.${table}_${shardOf(table)}`;
  const tables: Required<ClaimTables> = {
    coupons: tableOf('coupons'),
    claims: tableOf('claims'),
    claims_pkey: `claims_pkey_${shardOf('claims')}`,
    released_claims: tableOf('released_claims'),
    events: tableOf('events'),
    event_log: tableOf('event_log'),
  };
  return `
#variable_conflict use_column
begin
  perform set_config('lock_timeout', $5, true);
  perform lock_shard_metadata(${SHARE_LOCK}, array[${shardOf('coupons')}]);
  if not exists (
    select from pg_dist_placement
    where shardid = ${shardOf('coupons')} and groupid = (select groupid from pg_dist_local_group)
  ) then
    return query select repeat('u', cardinality($1)), null::json, false;
    return;
  end if;
  return query ${claimStatement(isKeyed, tables)};
end`;
}
