import { rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { CONNECTIONS_MAX, ROLE } from '../postgres-node.js';
import type { Fault } from './fault.js';

/** What breaks PostgreSQL. */
export const databaseFaults = {
  killPostgres: restartPostgres('SIGKILL'),
  stopFast: restartPostgres('SIGINT'),
  stopImmediately: restartPostgres('SIGQUIT'),

  async killBackend({ cluster }) {
    const [row] = await cluster.primary.ask(
      (sql) => sql<{ pid: number }[]>`select pid from pg_stat_activity where usename = ${ROLE} limit 1`,
    );
    if (row) process.kill(row.pid, 'SIGKILL');
    await cluster.primary.start();
  },

  async freezePostgres({ cluster: { primary } }, lastsMs) {
    await primary.freeze();
    await sleep(lastsMs);
    primary.thaw();
  },

  async endSessions({ cluster }) {
    await cluster.primary.ask(
      (sql) => sql`select pg_terminate_backend(pid) from pg_stat_activity where usename = ${ROLE}`,
    );
  },

  async exhaustConnections({ cluster: { primary } }, lastsMs) {
    const crowd = Array.from({ length: CONNECTIONS_MAX }, () =>
      postgres(primary.url, { max: 1, connection: { application_name: 'crowd' }, fetch_types: false }),
    );
    const connect = () => Promise.allSettled(crowd.map((sql) => sql`select`));
    await connect();
    await primary.ask(
      (sql) => sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where usename = ${ROLE} and application_name <> 'crowd'`,
    );
    await connect();
    await sleep(lastsMs);
    await Promise.all(crowd.map((sql) => sql.end({ timeout: 0 })));
  },

  async lockCoupon({ cluster: { primary } }, lastsMs) {
    await primary.ask(
      (sql) =>
        sql.begin(async (sql) => {
          await sql`select from coupons order by random() limit 1 for update`;
          await sleep(lastsMs);
        }),
      ROLE,
    );
  },

  async fillDisk({ cluster: { primary }, hasSmallDisk }, lastsMs) {
    if (!hasSmallDisk) return;
    const filler = join(dirname(primary.data), 'filler');
    // The last write takes what is left, and fails.
    await writeFile(filler, Buffer.alloc(2 ** 28)).catch(() => {});
    // Otherwise old segments of the log would do for the length of a run.
    const useSegment = () =>
      primary
        .ask((sql) => sql`select pg_logical_emit_message(false, '', ''), pg_switch_wal()`)
        .then(
          () => true,
          () => false,
        );
    for (let segment = 0; segment < 20 && (await useSegment()); segment++);
    await sleep(lastsMs);
    await rm(filler);
    await primary.start();
  },

  failOver: failOver('SIGKILL'),
  failOverFast: failOver('SIGQUIT'),

  async switchOver({ cluster, pgbouncer }, lastsMs) {
    // A primary that is ahead of its standby cannot become its standby. An operator looks first.
    await cluster.synchronize();
    await cluster.primary.stop('SIGINT');
    const old = await cluster.promote();
    await cluster.follow(old);
    // Meanwhile, the name leads to a standby.
    await sleep(lastsMs);
    cluster.moveName();
    // pgbouncer does this when DNS has a new address for a name. Otherwise it keeps its connections to
    // the standby, and only pgbouncer can close them.
    if (pgbouncer) cluster.name.cut();
    await cluster.synchronize();
  },

  async killStandby({ cluster }, lastsMs) {
    await cluster.standby?.stop('SIGKILL');
    await sleep(lastsMs);
    await cluster.standby?.start();
    await cluster.synchronize();
  },

  async cutReplication({ cluster: { replication }, cluster }, lastsMs) {
    replication.hold(true);
    await sleep(lastsMs);
    replication.cut();
    replication.hold(false);
    await cluster.synchronize();
  },
} satisfies Record<string, Fault>;

function restartPostgres(signal: NodeJS.Signals): Fault {
  return async ({ cluster: { primary } }, lastsMs) => {
    await primary.stop(signal);
    await sleep(lastsMs);
    await primary.start();
  };
}

function failOver(signal: NodeJS.Signals): Fault {
  return async ({ cluster }, lastsMs) => {
    await cluster.primary.stop(signal);
    // Until somebody notices, and until the name has moved.
    await sleep(lastsMs / 2);
    const old = await cluster.promote();
    await sleep(lastsMs / 2);
    cluster.moveName();
    await cluster.rebuild(old);
  };
}
