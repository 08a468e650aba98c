import type { Test } from 'tap';
import { type Client, problemIn } from '../support/app.js';
import { type ReplayedCoupon, readAll, readTables, replay } from '../support/events.js';
import { auditShards } from '../support/sharded.js';
import type { Cluster } from './cluster.js';

/** Claims that go on until they are stopped. */
export interface Load {
  /** How many claims have been answered. */
  readonly answers: number;
  /** How many of them with 200. */
  readonly claimed: number;
  /** @returns `claimed` or the code of the problem, by the coupon and the user. */
  stop(): Promise<Map<string, string>>;
}

const CLIENTS = 16;
/** What a claim may become while nodes are lost. */
const OUTCOMES = ['claimed', 'database_unavailable', 'outcome_unknown', 'overloaded'];
const keyOf = (couponName: string, userId: string) => `${couponName} ${userId}`;

/** Claims the coupons for ever new users, through the servers in turn. */
export function startLoad(servers: readonly Client[], names: readonly string[]): Load {
  const outcomes = new Map<string, string>();
  let isStopped = false;
  let claimed = 0;
  const claimOn = async (client: number) => {
    for (let i = 0; !isStopped; i++) {
      const name = names[(client + i) % names.length]!;
      const user = `user-${client}-${i}`;
      const server = servers[i % servers.length]!;
      const answer = await server.claim(name, user);
      outcomes.set(keyOf(name, user), answer.status === 200 ? 'claimed' : problemIn(answer).code);
      if (answer.status === 200) claimed++;
    }
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, (_, client) => claimOn(client)));
  return {
    get answers() {
      return outcomes.size;
    },
    get claimed() {
      return claimed;
    },
    async stop() {
      isStopped = true;
      await clients;
      return outcomes;
    },
  };
}

/**
 * Checks that no claim had another answer than these, that each 200 has a row, that no refused claim has one unless its outcome is unknown, that the books
 * balance, and that the log, replayed, gives the tables.
 */
export async function assertNothingIsLost(
  t: Test,
  cluster: Cluster,
  server: Client,
  outcomes: ReadonlyMap<string, string>,
): Promise<void> {
  const parts = await Promise.all(cluster.shards.all.map((shard) => shard.read(readTables)));
  const tables: Record<string, ReplayedCoupon> = Object.assign({}, ...parts);
  const held = new Set(
    Object.entries(tables).flatMap(([name, { claims }]) => claims.map(([user]) => keyOf(name, user))),
  );
  const others = [...outcomes.values()].filter((outcome) => !OUTCOMES.includes(outcome));
  t.same(others, [], 'no other answers');
  const wrong = [...outcomes].filter(
    ([key, outcome]) => outcome !== 'outcome_unknown' && held.has(key) !== (outcome === 'claimed'),
  );
  t.same(wrong, [], 'each 200 has a row, and what was refused has none');
  t.same(await auditShards({ ...cluster, urls: [cluster.direct] }), [], 'the books balance');
  t.same(replay(await readAll(server)), tables, 'the log, replayed, gives the tables');
}
