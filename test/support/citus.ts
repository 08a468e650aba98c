import { setTimeout as sleep } from 'node:timers/promises';
import postgres, { type Sql } from 'postgres';

const RETRY_MS = 200;
const OPTIONS = { max: 1, onnotice: () => {} };

/** A node of the cluster. The coordinator has the group 0. */
export interface Node {
  group: number;
  host: string;
  port: number;
}

/**
 * Creates a database on each node of a cluster, and makes them a cluster of their own.
 * @param placeOf where the nodes of this cluster find a worker. Where it is, unless given.
 */
export async function createOnCluster(
  coordinator: string,
  name: string,
  placeOf: (worker: Node) => Promise<Pick<Node, 'host' | 'port'>> = async (worker) => worker,
): Promise<void> {
  const nodes = await onEachNode(coordinator, undefined, (sql) => sql`create database ${sql(name)}`);
  await onEachNode(coordinator, name, (sql) => sql`create extension citus`);
  await connected(inDatabase(coordinator, name), async (sql) => {
    for (const { group, host, port } of nodes) {
      if (group === 0) await sql`select citus_set_coordinator_host(${host}, ${port})`;
    }
    for (const node of nodes) {
      if (node.group === 0) continue;
      const { host, port } = await placeOf(node);
      await addNode(sql, host, port);
    }
  });
}

/** Citus sometimes loses the connection over which it makes nodes known to each other: XX000, or class 08. */
async function addNode(sql: Sql, host: string, port: number, triesLeft = 3): Promise<void> {
  try {
    await sql`select citus_add_node(${host}, ${port})`;
  } catch (error) {
    if (triesLeft === 0 || !/^(08|XX000)/.test((error as postgres.PostgresError).code)) throw error;
    await sleep(RETRY_MS);
    await addNode(sql, host, port, triesLeft - 1);
  }
}

export async function dropFromCluster(coordinator: string, name: string): Promise<void> {
  await onEachNode(coordinator, undefined, (sql) => sql`drop database ${sql(name)} with (force)`);
}

async function onEachNode(
  coordinator: string,
  database: string | undefined,
  run: (sql: Sql) => Promise<unknown>,
): Promise<Node[]> {
  const nodes = await nodesOf(coordinator);
  await Promise.all(
    nodes.map(({ host, port }) => {
      const url = new URL(database === undefined ? coordinator : inDatabase(coordinator, database));
      url.hostname = host;
      url.port = String(port);
      return connected(url.href, run);
    }),
  );
  return nodes;
}

/** The nodes of a cluster, as they know each other. */
export async function nodesOf(coordinator: string): Promise<Node[]> {
  return connected(coordinator, async (sql) => [
    ...(await sql<Node[]>`
      select groupid as group, nodename as host, nodeport as port from pg_dist_node where noderole = 'primary'
      order by groupid`),
  ]);
}

export function inDatabase(server: string, name: string): string {
  const url = new URL(server);
  url.pathname = `/${name}`;
  return url.href;
}

/** Connects, and closes the connection when `run` has ended. */
export async function connected<T>(url: string, run: (sql: Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, OPTIONS);
  try {
    return await run(sql);
  } finally {
    // Without a timeout it waits for ever, if the node crashed.
    await sql.end({ timeout: 1 });
  }
}
