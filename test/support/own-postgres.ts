import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import postgres from 'postgres';
import type { Test } from 'tap';
import { type EmbeddedPostgres, startEmbeddedPostgres } from '../../db/embedded/embedded-postgres.js';
import { freePort } from '../../db/embedded/free-port.js';
import { isAlive } from '../../db/embedded/postmaster.js';
import { makeTemporaryFolder } from '../../db/embedded/throw-away.js';
import { atExit } from './at-exit.js';
import { until } from './until.js';

/** A PostgreSQL server of one test alone, which it may stop, kill and freeze. */
export interface OwnPostgres {
  url: string;
  start(): Promise<void>;
  /** Stops it as a restart does: sessions are ended. */
  stop(): Promise<void>;
  /** Stops all of its processes where they are: connections stay open, and nothing is answered. */
  freeze(): Promise<void>;
  thaw(): void;
  /** The process number of its main process. */
  postmaster(): number | undefined;
}

/** An empty folder that every user can enter, which is removed when the test is over. */
export async function temporaryFolder(t: Test, mode = 0o755): Promise<string> {
  const { folder, remove, removeSync } = await makeTemporaryFolder('coupons-test-', mode);
  const forget = atExit(removeSync);
  t.teardown(async () => {
    forget();
    await remove();
  });
  return folder;
}

/** The process number of the server whose data are in `folder`; undefined if none runs there. */
export function postmasterOf(folder: string): number | undefined {
  const lockFile = join(folder, 'postgres', 'postmaster.pid');
  const pid = existsSync(lockFile) ? Number.parseInt(readFileSync(lockFile, 'utf8'), 10) : 0;
  return pid && isAlive(pid) ? pid : undefined;
}

/** Sees to it that no server is left in `folder` when the test is over, however it ends. */
export function killPostmasterAfter(t: Test, folder: string): void {
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

/** Starts a server that keeps its port over restarts. */
export async function startOwnPostgres(t: Test): Promise<OwnPostgres> {
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
      // A session of ours is asked for the others, while the main process can make no new ones any more.
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
