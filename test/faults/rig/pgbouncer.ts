import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { chown, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { freePort } from '../../../db/embedded/free-port.js';
import { findServerUser } from '../../../db/embedded/server-user.js';
import { atExit } from '../../support/at-exit.js';
import { temporaryFolder } from '../../support/own-postgres.js';
import type { Scope } from '../../support/scope.js';
import { until } from '../../support/until.js';

export type PoolMode = 'session' | 'transaction';

/** Whether pgbouncer is on this machine. Debian has it as a package. */
export const hasPgbouncer = spawnSync('pgbouncer', ['--version']).status === 0;

/** A pgbouncer of a test, which keeps its port. */
export interface Pgbouncer {
  url: string;
  start(): Promise<void>;
  kill(signal: NodeJS.Signals): Promise<void>;
}

/** Starts a pgbouncer in front of the server of a URL. */
export async function startPgbouncer(scope: Scope, target: string, mode: PoolMode): Promise<Pgbouncer> {
  const { hostname, port, pathname, username } = new URL(target);
  const database = pathname.slice(1);
  const folder = await temporaryFolder(scope);
  const ownPort = await freePort();
  const file = join(folder, 'pgbouncer.ini');
  const users = join(folder, 'users.txt');
  await writeFile(users, `"${username}" ""\n`);
  await writeFile(
    file,
    `[databases]
${database} = host=${hostname} port=${port} dbname=${database}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${ownPort}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
pool_mode = ${mode}
default_pool_size = 20
server_login_retry = 0.2
`,
  );
  // It refuses to run as root.
  const user = await findServerUser(folder);
  if (user) await chown(file, user.uid, user.gid);
  let child: ChildProcess | undefined;
  const isRunning = () => child !== undefined && child.exitCode === null && child.signalCode === null;
  const kill = async (signal: NodeJS.Signals) => {
    child?.kill(signal);
    await until('the end of pgbouncer', () => !isRunning());
  };
  const forget = atExit(() => void child?.kill('SIGKILL'));
  scope.teardown(async () => {
    forget();
    await kill('SIGKILL');
  });
  const pgbouncer: Pgbouncer = {
    url: `postgres://${username}@127.0.0.1:${ownPort}/${database}`,
    async start() {
      await until('pgbouncer', async () => {
        if (!isRunning()) child = spawn('pgbouncer', ['--quiet', file], { ...user, stdio: 'ignore' });
        return isListening(ownPort);
      });
    },
    kill,
  };
  await pgbouncer.start();
  return pgbouncer;
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
