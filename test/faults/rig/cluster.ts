import { type Account, readAccounts } from '../../../db/books/accounts.js';
import { auditOver } from '../../support/books.js';
import { startProxy, type TcpProxy } from '../../support/proxy.js';
import type { Scope } from '../../support/scope.js';
import { until } from '../../support/until.js';
import type { ClaimRow, CouponRow } from '../history.js';
import { type PostgresNode, ROLE, type Template } from './postgres-node.js';
import { createNode } from './template.js';

const REPLICATION_TIMEOUT_MS = 180_000;
/** Until every process of the primary has read a setting. */
const RELOAD_MS = 300;

/**
 * A primary and, if wanted, its synchronous standby. Clients reach each node by a proxy, or the primary
 * by its name: a proxy, too, which the test leads to the new primary when it moves the name.
 */
export class Cluster {
  readonly nodes: PostgresNode[];
  /** By node. */
  readonly proxies: Map<PostgresNode, TcpProxy>;
  readonly name: TcpProxy;
  /** By which the standby reaches the primary. */
  readonly replication: TcpProxy;
  primary: PostgresNode;
  standby: PostgresNode | undefined;

  private constructor(
    nodes: PostgresNode[],
    proxies: Map<PostgresNode, TcpProxy>,
    name: TcpProxy,
    replication: TcpProxy,
  ) {
    this.nodes = nodes;
    this.proxies = proxies;
    this.name = name;
    this.replication = replication;
    [this.primary, this.standby] = nodes as [PostgresNode, PostgresNode | undefined];
  }

  /** @param folders one per node. */
  static async start(scope: Scope, template: Template, folders: string[]): Promise<Cluster> {
    const nodes = await Promise.all(
      folders.map((folder, i) => createNode(scope, i === 0 ? 'A' : 'B', template, folder)),
    );
    const [first] = nodes as [PostgresNode];
    const proxies = new Map<PostgresNode, TcpProxy>();
    for (const node of nodes) proxies.set(node, await startProxy(scope, node.url));
    const cluster = new Cluster(
      nodes,
      proxies,
      await startProxy(scope, first.url),
      await startProxy(scope, first.url),
    );
    await Promise.all([first.start(), cluster.standby && cluster.#startStandby(cluster.standby)]);
    if (cluster.standby) await cluster.#makeSynchronous();
    return cluster;
  }

  /** All ways by which the services reach PostgreSQL. */
  waysIn(): TcpProxy[] {
    return [this.name, ...this.proxies.values()];
  }

  /** A URL with all hosts, the first primary first, or last. */
  hostsUrl(isReversed: boolean): string {
    const nodes = isReversed ? [...this.nodes].reverse() : this.nodes;
    const hosts = nodes.map((node) => `127.0.0.1:${this.proxies.get(node)?.port}`);
    return `postgres://${ROLE}@${hosts.join(',')}/${ROLE}`;
  }

  /** Leads the name to the primary. */
  moveName(): void {
    this.name.lead(this.primary.port);
  }

  /** Makes the standby the primary, without a standby of its own. The old primary must have ended. */
  async promote(): Promise<PostgresNode> {
    const old = this.primary;
    const promoted = this.standby;
    if (!promoted) throw new Error('there is no standby');
    await promoted.ask((sql) => sql`select pg_promote(true, 30)`);
    this.primary = promoted;
    this.standby = undefined;
    this.replication.lead(promoted.port);
    this.replication.cut();
    return old;
  }

  /** Makes a node that has shut down in good order the standby of the primary. */
  async follow(node: PostgresNode): Promise<void> {
    await node.configure({ synchronous_standby_names: '' });
    await this.#startStandby(node);
    this.standby = node;
  }

  /** Makes a node that was killed the standby of the primary, with a new copy of its data. */
  async rebuild(node: PostgresNode): Promise<void> {
    await node.copyFrom(this.primary);
    await this.follow(node);
    await this.synchronize();
  }

  /** Makes commits wait for the standby. Returns when they do. */
  async synchronize(): Promise<void> {
    await until('the standby to follow', () => this.#isFollowing(), REPLICATION_TIMEOUT_MS);
    await this.#makeSynchronous();
  }

  async #startStandby(node: PostgresNode): Promise<void> {
    await node.write('standby.signal', '');
    await node.configure({
      primary_conninfo: `host=127.0.0.1 port=${this.replication.port} user=postgres application_name=${node.name}`,
    });
    await node.start();
  }

  async #makeSynchronous(): Promise<void> {
    const { primary } = this;
    await primary.configure({ synchronous_standby_names: '*' });
    await new Promise((resolve) => setTimeout(resolve, RELOAD_MS));
    const [row] = await primary.ask(
      (sql) => sql<{ lsn: string }[]>`select pg_current_wal_lsn()::text as lsn`,
    );
    await until(
      'the standby to have what the primary has',
      async () => {
        const [standby] = await primary.ask(
          (sql) => sql`
            select from pg_stat_replication
            where state = 'streaming' and sync_state = 'sync' and flush_lsn >= ${row?.lsn ?? ''}::pg_lsn`,
        );
        return standby !== undefined;
      },
      REPLICATION_TIMEOUT_MS,
    );
  }

  async #isFollowing(): Promise<boolean> {
    const rows = await this.primary.ask(
      (sql) => sql`select from pg_stat_replication where state = 'streaming'`,
    );
    return rows.length > 0;
  }

  /** The ends of the logs. */
  async lastWords(): Promise<string> {
    const words = this.nodes.map(
      async (node) =>
        `PostgreSQL ${node.name}, ${node.isRunning ? 'running' : 'not running'}: ${await node.lastWords()}`,
    );
    return (await Promise.all(words)).join('\n');
  }

  accounts(): Promise<Account[]> {
    return this.primary.ask((sql) => readAccounts(sql), ROLE);
  }

  /** Audits the books. */
  differences(): Promise<string[]> {
    return this.primary.ask(auditOver, ROLE);
  }

  /** The tables, once nothing of the services runs in the database any more. */
  async rows(): Promise<{ coupons: CouponRow[]; claims: ClaimRow[] }> {
    await until('the end of all statements', async () => {
      const rows = await this.primary.ask(
        (sql) => sql`select from pg_stat_activity where usename = ${ROLE} and state <> 'idle'`,
      );
      return rows.length === 0;
    });
    return this.primary.ask(
      async (sql) => ({
        coupons: await sql<CouponRow[]>`select name, amount, remaining_amount as remaining from coupons`,
        claims: await sql<ClaimRow[]>`
          select coupon_name as coupon, user_id as user, claim_number::int as number, idempotency_key as key
          from claims`,
      }),
      ROLE,
    );
  }
}
