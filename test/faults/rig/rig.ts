import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres, { type Sql } from 'postgres';
import { atExit } from '../../support/at-exit.js';
import { temporaryFolder } from '../../support/own-postgres.js';
import type { Scope } from '../../support/scope.js';
import type { FaultKind, Plan } from '../plan.js';
import { Random } from '../random.js';
import { Cluster } from './cluster.js';
import { hasPgbouncer, type Pgbouncer, startPgbouncer } from './pgbouncer.js';
import type { Template } from './postgres-node.js';
import { type Program, Service } from './services.js';

/** Debian's package libfaketime puts it there. */
const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
const SMALL_DISK = '192m';

/** Changes the database before the services start. */
export type Prepare = ((sql: Sql) => Promise<unknown>) | undefined;

/** All that runs in a run, and may be broken. */
export interface Rig {
  cluster: Cluster;
  services: Service[];
  pgbouncer: Pgbouncer | undefined;
  random: Random;
  /** What this machine does not have, in words. */
  missing: string[];
  /** The data of the primary are on a small disk of their own. */
  hasSmallDisk: boolean;
  /** Moves the clock of the services. Undefined: it cannot be moved. */
  moveClock: ((seconds: number) => void) | undefined;
}

/** Starts PostgreSQL and the services as the plan says, as far as this machine can. */
export async function startRig(
  scope: Scope,
  plan: Plan,
  { template, program = {}, prepare }: { template: Template; program?: Program; prepare?: Prepare },
): Promise<Rig> {
  const has = (...kinds: FaultKind[]) => plan.faults.some(({ kind }) => kinds.includes(kind));
  const missing: string[] = [];
  const folders = [await temporaryFolder(scope)];
  if (plan.hasStandby) folders.push(await temporaryFolder(scope));

  const hasSmallDisk = has('fillDisk') && folders.every((folder) => mountSmallDisk(scope, folder));
  if (has('fillDisk') && !hasSmallDisk) missing.push('no disk is filled: this user may not mount one');

  const cluster = await Cluster.start(scope, template, folders);
  if (prepare) {
    const sql = postgres(cluster.primary.url, { max: 1, onnotice: () => {} });
    await prepare(sql);
    await sql.end();
  }

  let { url } = cluster.name;
  if (plan.way === 'hosts' || plan.way === 'hostsReversed') {
    url = cluster.hostsUrl(plan.way === 'hostsReversed');
  }
  let pgbouncer: Pgbouncer | undefined;
  if (plan.way === 'sessionPooler' || plan.way === 'transactionPooler') {
    if (hasPgbouncer) {
      const mode = plan.way === 'sessionPooler' ? 'session' : 'transaction';
      pgbouncer = await startPgbouncer(scope, url, mode);
      url = pgbouncer.url;
    } else missing.push('no pgbouncer stands between: it is not on this machine');
  }

  const clock = has('jumpForward', 'jumpBack') ? join(await temporaryFolder(scope), 'clock') : undefined;
  const canMoveClock = clock !== undefined && existsSync(FAKETIME);
  if (clock && !canMoveClock) missing.push('no clock jumps: libfaketime is not on this machine');
  const moveClock = clock
    ? (seconds: number) => writeFileSync(clock, `${seconds < 0 ? '' : '+'}${seconds}s`)
    : undefined;
  moveClock?.(0);

  const settings: Record<string, string> = {
    DATABASE_URL: url,
    HOST: '127.0.0.1',
    STATEMENT_TIMEOUT_MS: '1000',
    LOCK_TIMEOUT_MS: '500',
    CLAIM_LANES: String(plan.lanes),
    CLAIM_OUTCOME_TIMEOUT_MS: String(plan.outcomeTimeoutMs),
    WEB_CONCURRENCY: String(plan.workers),
    ...(pgbouncer && { DATABASE_POOLER: 'true' }),
    ...(canMoveClock && {
      LD_PRELOAD: FAKETIME,
      FAKETIME_TIMESTAMP_FILE: clock,
      FAKETIME_NO_CACHE: '1',
      // A process that was killed would leave its locks in there.
      FAKETIME_DISABLE_SHM: '1',
      // Timers go on: only the time of day jumps.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    }),
  };
  const services = await Promise.all(
    Array.from({ length: plan.services }, () => Service.start(scope, settings, program)),
  );
  await Promise.all(services.map((service) => service.untilHealthy(60_000)));
  return {
    cluster,
    services,
    pgbouncer,
    random: new Random(plan.seed + 1),
    missing,
    hasSmallDisk,
    moveClock: canMoveClock ? moveClock : undefined,
  };
}

/** Puts a small disk, in memory, where the folder is. @returns false if this user may not. */
function mountSmallDisk(scope: Scope, folder: string): boolean {
  const options = ['-t', 'tmpfs', '-o', `size=${SMALL_DISK},mode=755`, 'tmpfs', folder];
  if (spawnSync('mount', options).status !== 0) return false;
  // Lazily: the last processes of a server may still end.
  const unmount = () => spawnSync('umount', ['--lazy', folder]);
  const forget = atExit(unmount);
  scope.teardown(() => {
    forget();
    unmount();
  });
  return true;
}
