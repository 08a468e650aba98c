import { randomUUID } from 'node:crypto';
import type { Sql } from 'postgres';
import type { Server } from '../../database/server.js';
import { findPlacement, PLACEMENT_TABLE, PlacementRefused, readPlacement } from '../placement.js';
import { schemaOf, shardsIn } from '../shape.js';

/** Makes sure that a database has coupons that are not divided. @throws PlacementRefused. */
export async function assertSource(server: Server): Promise<void> {
  const found = await server.query((sql) => findPlacement(sql, server));
  if (found === 'undivided') return;
  throw new PlacementRefused(
    found === 'nothing'
      ? 'there is nothing to move: database 0 has no coupons'
      : `there is nothing to move: database 0 is divided into ${found.shards} shards already`,
  );
}

/**
 * Makes sure that the databases other than the first have nothing, and takes away what an earlier move left.
 * @returns the installation. @throws PlacementRefused.
 */
export async function prepareForMove(servers: readonly Server[]): Promise<string> {
  const installation = randomUUID();
  const [root] = servers;
  const left = await root!.query(async (sql) => ((await isPlaced(sql)) ? readPlacement(sql) : undefined));
  // The first is the last: it knows what an earlier move left in the others, should this one fail now.
  for (const [database, server] of [...servers.entries()].reverse()) {
    const found = database === 0 ? left : await server.query((sql) => findPlacement(sql, server));
    if (found === undefined || found === 'nothing') continue;
    if (found === 'undivided' || found.installation !== left?.installation) {
      throw new PlacementRefused(
        `invalid setting: DATABASE_URLS must name new databases: database ${database} is in use`,
      );
    }
    // Nobody uses them: the settings with these shards were refused all the while.
    for (const shard of shardsIn(database, found)) {
      await server.query((sql) => sql`drop schema if exists ${sql(schemaOf(shard, found)!)} cascade`);
    }
    await server.query((sql) => sql`drop table ${sql(PLACEMENT_TABLE)}`);
  }
  return installation;
}

async function isPlaced(sql: Sql): Promise<boolean> {
  const [row] = await sql<
    [{ is_placed: boolean }]
  >`select to_regclass(${PLACEMENT_TABLE}) is not null as is_placed`;
  return row.is_placed;
}
