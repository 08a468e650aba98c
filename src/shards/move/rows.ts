import type { Sql } from 'postgres';
import type { Shards } from '../shards.js';

/** Rows that are read at once, and so the memory that a move takes. */
const ROWS_PER_FETCH = 2_000;
/** A row of the log may have 1,000 claims or more. */
export const LOG_ROWS_PER_FETCH = 20;

/** A row as JSON text, which JavaScript does not parse: numbers of 64 bits stay as they are. */
export interface JsonRow {
  coupon_name: string;
  row: string;
}

/**
 * Copies the rows of a table, each to the shard of its coupon.
 * @param source a connection in a transaction.
 * @param nameOf an SQL expression for the name of the coupon of a row `r`.
 * @returns how many rows it copied.
 */
export async function copyTable(source: Sql, shards: Shards, table: string, nameOf: string): Promise<number> {
  let count = 0;
  const query = `select ${nameOf} as coupon_name, row_to_json(r)::text as row from ${table} as r`;
  for await (const rows of pagesOf<JsonRow>(source, query)) {
    count += rows.length;
    await writeToShards(
      shards,
      rows,
      ({ coupon_name }) => coupon_name,
      (sql, own) => {
        const json = `[${own.map(({ row }) => row).join(',')}]`;
        return sql`
        insert into ${sql(table)}
        select * from json_populate_recordset(null::${sql(table)}, ${json}::text::json)`;
      },
    );
  }
  return count;
}

/** Divides rows among the shards, and writes those of each. */
export async function writeToShards<R>(
  shards: Shards,
  rows: readonly R[],
  nameOf: (row: R) => string,
  write: (sql: Sql, own: R[]) => Promise<unknown>,
): Promise<void> {
  const byShard = new Map<number, R[]>();
  for (const row of rows) {
    const shard = shards.numberOf(nameOf(row));
    const own = byShard.get(shard);
    if (own) own.push(row);
    else byShard.set(shard, [row]);
  }
  await Promise.all([...byShard].map(([shard, own]) => shards.all[shard]!.write((sql) => write(sql, own))));
}

/** Reads the rows of a query in bounded memory. */
export async function* pagesOf<R extends object>(
  source: Sql,
  query: string,
  rowsPerFetch = ROWS_PER_FETCH,
): AsyncGenerator<R[]> {
  await source.unsafe(`declare moved no scroll cursor for ${query}`);
  for (;;) {
    const rows = await source.unsafe<R[]>(`fetch ${rowsPerFetch} from moved`);
    if (rows.length === 0) break;
    yield [...rows];
  }
  await source.unsafe('close moved');
}
