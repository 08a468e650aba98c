import type { Sql } from 'postgres';

/** Claims that are inserted by hand get numbers from here on. No number of the service comes near it. */
const CLAIM_NUMBER_BY_HAND_MIN = 2 ** 40;

/**
 * Makes a schema one that Citus places on a node as a whole, and can move. The numbers of claims and events
 * come from the row of `event_log` from then on: each node of Citus draws identities of its own.
 * @param sql in a transaction, with the schema in its search path.
 */
export async function distributeSchema(sql: Sql, schema: string): Promise<void> {
  const [found] = await sql`select from pg_dist_schema where schemaid = ${schema}::regnamespace`;
  if (found) return;
  await sql`
    alter table event_log
      add column last_event_id bigint not null default 0,
      add column last_claim_number bigint not null default 0`;
  await sql`
    update event_log
    set last_event_id = greatest(deleted_id, (select max(id) from events)),
      last_claim_number = coalesce(greatest(
        (select max(claim_number) from claims), (select max(claim_number) from released_claims)
      ), 0)`;
  await sql.unsafe(`alter table claims alter column claim_number restart with ${CLAIM_NUMBER_BY_HAND_MIN}`);
  await sql`select citus_schema_distribute(${schema}::regnamespace)`;
}
