import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../db/embedded/embedded-postgres.js';
import { freePort } from '../../db/embedded/free-port.js';
import { isAlive } from '../../db/embedded/postmaster.js';
import { makeTemporaryFolder } from '../../db/embedded/throw-away.js';
import { atExit } from './at-exit.js';
import type { Scope } from './scope.js';
import { until } from './until.js';

/** A PostgreSQL server for one test, which may stop, kill and freeze it. */
export interface OwnPostgres {
  url: string;
  start(): Promise<void>;
  /** Stops the server as a restart does: it ends all sessions. */
  stop(): Promise<void>;
  /** Suspends all of its processes: connections stay open, and nothing answers. */
  freeze(): Promise<void>;
  thaw(): void;
  /** Returns the id of its main process. */
  postmaster(): number | undefined;
}

/** Creates an empty folder that every user can enter, and removes it after the test. */
export async function temporaryFolder(t: Scope, mode = 0o755): Promise<string> {
  const { folder, remove, removeSync } = await makeTemporaryFolder('coupons-test-', mode);
  const forget = atExit(removeSync);
  t.teardown(async () => {
    forget();
    await remove();
  });
  return folder;
}

/** Returns the id of the main process with its data in `folder`, or undefined if none runs. */
export function postmasterOf(folder: string): number | undefined {
  const lockFile = join(folder, 'postgres', 'postmaster.pid');
  const pid = existsSync(lockFile) ? Number.parseInt(readFileSync(lockFile, 'utf8'), 10) : 0;
  return pid && isAlive(pid) ? pid : undefined;
}

/** Kills the server in `folder` after the test, however the test ends. */
export function killPostmasterAfter(t: Scope, folder: string): void {
  const kill = () => {
    const pid = postmasterOf(folder);
    if (!pid) return;
    process.kill(pid, 'SIGQUIT');
    process.kill(pid, 'SIGCONT');
  };
  const forget = atExit(kill);
  t.teardown(async () => {
    forget();
    kill();
    await until('the end of the server', () => postmasterOf(folder) === undefined);
  });
}

/** Starts a server that keeps its port when it restarts. */
export async function startOwnPostgres(t: Scope): Promise<OwnPostgres> {
  const folder = await temporaryFolder(t);
  killPostmasterAfter(t, folder);
  const settings = { port: String(await freePort()), fsync: 'off' };
  let server: EmbeddedPostgres | undefined = await startEmbeddedPostgres(folder, { settings });
  let frozen: number[] = [];
  const url = server.url;
  const own: OwnPostgres = {
    url,
    async start() {
      server ??= await startEmbeddedPostgres(folder, { settings });
    },
    async stop() {
      await server?.stop();
      server = undefined;
    },
    async freeze() {
      // A session of ours lists the others. The suspended main process starts no new ones.
      const sql = postgres(url, { max: 1 });
      await sql`select`;
      const postmaster = postmasterOf(folder);
      if (!postmaster) throw new Error('the server does not run');
      frozen = [postmaster];
      process.kill(postmaster, 'SIGSTOP');
      const rows = await sql<
        { pid: number }[]
      >`select pid from pg_stat_activity order by pid = pg_backend_pid()`;
      for (const { pid } of rows) {
        frozen.push(pid);
        process.kill(pid, 'SIGSTOP');
      }
      sql.end({ timeout: 0 }).catch(() => {});
    },
    postmaster: () => postmasterOf(folder),
    thaw() {
      for (const pid of frozen) if (isAlive(pid)) process.kill(pid, 'SIGCONT');
      frozen = [];
    },
  };
  t.teardown(async () => {
    own.thaw();
    await own.stop();
  });
  return own;
}
