import type { Test } from 'tap';
import type { Client } from '../support/app.js';
import { type ReplayedCoupon, readAll, readTables, replay } from '../support/events.js';
import { auditShards } from '../support/sharded.js';
import type { Cluster } from './cluster.js';

/** Claims that go on until they are stopped. */
export interface Load {
  /** How many claims have been answered. */
  readonly answers: number;
  /** How many of them with 200. */
  readonly claimed: number;
  /** @returns the status of each claim, by the coupon and the user. */
  stop(): Promise<Map<string, number>>;
}

const CLIENTS = 16;
const keyOf = (couponName: string, userId: string) => `${couponName} ${userId}`;

/** Claims the coupons for ever new users, through the servers in turn. */
export function startLoad(servers: readonly Client[], names: readonly string[]): Load {
  const statuses = new Map<string, number>();
  let isStopped = false;
  let claimed = 0;
  const claimOn = async (client: number) => {
    for (let i = 0; !isStopped; i++) {
      const name = names[(client + i) % names.length]!;
      const user = `user-${client}-${i}`;
      const server = servers[i % servers.length]!;
      const { status } = await server.claim(name, user);
      statuses.set(keyOf(name, user), status);
      if (status === 200) claimed++;
    }
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, (_, client) => claimOn(client)));
  return {
    get answers() {
      return statuses.size;
    },
    get claimed() {
      return claimed;
    },
    async stop() {
      isStopped = true;
      await clients;
      return statuses;
    },
  };
}

/**
 * Checks that each 200 has a row, that the books balance, and that the log, replayed, gives the tables.
 * @param mayHaveMore whether claims that were answered with 503 may have been made.
 */
export async function assertNothingIsLost(
  t: Test,
  cluster: Cluster,
  server: Client,
  statuses: ReadonlyMap<string, number>,
  { mayHaveMore }: { mayHaveMore: boolean },
): Promise<void> {
  const parts = await Promise.all(cluster.shards.all.map((shard) => shard.read(readTables)));
  const tables: Record<string, ReplayedCoupon> = Object.assign({}, ...parts);
  const held = new Set(
    Object.entries(tables).flatMap(([name, { claims }]) => claims.map(([user]) => keyOf(name, user))),
  );
  const claimed = [...statuses].flatMap(([key, status]) => (status === 200 ? [key] : []));
  t.same(
    claimed.filter((key) => !held.has(key)),
    [],
    'each 200 has a row',
  );
  if (!mayHaveMore) t.equal(held.size, claimed.length, 'each row has a 200');
  t.same(await auditShards({ ...cluster, urls: [cluster.direct] }), [], 'the books balance');
  t.same(replay(await readAll(server)), tables, 'the log, replayed, gives the tables');
}
