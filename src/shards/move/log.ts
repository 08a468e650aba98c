import type { Sql } from 'postgres';
import type { Shards } from '../shards.js';
import { LOG_ROWS_PER_FETCH, pagesOf, writeToShards } from './rows.js';

/** A row of the log. Its arrays are JSON text, and null but for claims. */
interface LogRow {
  id: string;
  created_at: string;
  type: string;
  data: string | null;
  coupon_names: string;
  user_ids: string | null;
  claim_numbers: string | null;
}

/** The part of a row of the log that one shard gets. */
interface LogPart extends Omit<LogRow, 'coupon_names' | 'user_ids' | 'claim_numbers'> {
  coupon_names: string[];
  user_ids?: string[];
  claim_numbers?: string[];
}

const SELECT = `
  select id::text, created_at::text, type, data::text, to_json(coupon_names)::text as coupon_names,
    to_json(user_ids)::text as user_ids, to_json(claim_numbers::text[])::text as claim_numbers
  from events`;

/**
 * Copies the log. A row with claims of several shards becomes a row in each, with the same id: the order
 * within a shard is that of the ids, as before.
 */
export async function copyLog(source: Sql, shards: Shards): Promise<void> {
  for await (const rows of pagesOf<LogRow>(source, `${SELECT} order by id`, LOG_ROWS_PER_FETCH)) {
    const parts = rows.flatMap((row) => partsOf(row, shards));
    await writeToShards(shards, parts, ({ coupon_names: [name = ''] }) => name, insertParts);
  }
  const [log] = await source<{ deleted_id: string; deleted_until: string }[]>`
    select deleted_id::text, deleted_until::text from event_log`;
  for (const shard of shards.all) {
    await shard.write(
      (sql) => sql`
        update event_log
        set deleted_id = ${log!.deleted_id}::text::bigint, deleted_until = ${log!.deleted_until}::text::timestamptz`,
    );
  }
}

/** Copies how far the relay has come. It may be within a row, of which each shard has a part. */
export async function copyRelay(source: Sql, shards: Shards): Promise<void> {
  const [relay] = await source<{ row_id: string; count: number }[]>`select row_id::text, count from relay`;
  const { row_id, count } = relay!;
  const [row] = await source.unsafe<LogRow[]>(`${SELECT} where id = ${row_id}`);
  const names: string[] = row ? JSON.parse(row.coupon_names) : [];
  for (const [shard, database] of shards.all.entries()) {
    const isOwn = (name: string) => shards.numberOf(name) === shard;
    const dealtWith = names.slice(0, count).filter(isOwn).length;
    const all = names.filter(isOwn).length;
    // 0 means the whole row. If none of a part has been dealt with, the place is before it.
    const place =
      count === 0 || dealtWith === all
        ? { row: BigInt(row_id), count: 0 }
        : { row: BigInt(row_id) - (dealtWith === 0 ? 1n : 0n), count: dealtWith };
    // The shard may end before it. A place within a row is not behind the end, as the shard has a part of it.
    await database.write(async (sql) => {
      const [log] = await sql<[{ last_id: string }]>`
        select greatest(deleted_id, (select max(id) from events))::text as last_id from event_log`;
      const row = place.row < BigInt(log.last_id) ? place.row : BigInt(log.last_id);
      await sql`update relay set row_id = ${String(row)}::text::bigint, count = ${place.count}`;
    });
  }
}

function partsOf(row: LogRow, shards: Shards): LogPart[] {
  const names: string[] = JSON.parse(row.coupon_names);
  const users: string[] | null = row.user_ids === null ? null : JSON.parse(row.user_ids);
  const numbers: string[] | null = row.claim_numbers === null ? null : JSON.parse(row.claim_numbers);
  const { id, created_at, type, data } = row;
  const parts = new Map<number, LogPart>();
  for (const [i, name] of names.entries()) {
    const shard = shards.numberOf(name);
    let part = parts.get(shard);
    if (!part) {
      part = { id, created_at, type, data, coupon_names: [] };
      if (users) part.user_ids = [];
      if (numbers) part.claim_numbers = [];
      parts.set(shard, part);
    }
    part.coupon_names.push(name);
    if (users) part.user_ids!.push(users[i]!);
    if (numbers) part.claim_numbers!.push(numbers[i]!);
  }
  return [...parts.values()];
}

function insertParts(sql: Sql, parts: LogPart[]): Promise<unknown> {
  return sql`
    insert into events (id, created_at, type, coupon_names, user_ids, claim_numbers, data)
    select id::bigint, created_at::timestamptz, type,
      array(select json_array_elements_text(coupon_names)),
      case when user_ids is not null then array(select json_array_elements_text(user_ids)) end,
      case when claim_numbers is not null then array(select json_array_elements_text(claim_numbers)::bigint) end,
      data::jsonb
    from json_to_recordset(${JSON.stringify(parts)}::text::json) as part (
      id text, created_at text, type text, data text, coupon_names json, user_ids json, claim_numbers json
    )
    order by id::bigint`;
}
