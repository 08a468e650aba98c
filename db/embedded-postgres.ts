import { execFile, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chown, mkdir, open, readFile, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import postgres, { type Sql } from 'postgres';
import { projectRoot } from '../src/project-root.js';
import {
  findBinaries,
  isOpenToAll,
  type PostgresBinaries,
  reachableBinaries,
  type ServerUser,
  serverUser,
} from './postgres-binaries.js';
import { findPostmaster, isAlive, type Postmaster } from './postmaster.js';

/** A running PostgreSQL of our own. */
export interface EmbeddedPostgres {
  /** Leads to its database `coupons`. It holds a password: not for logs. */
  url: string;
  folder: string;
  /** Stops the server, unless another process still uses it. */
  stop(): Promise<void>;
}

interface Installation {
  binaries: PostgresBinaries;
  /** The data directory, without symbolic links. */
  data: string;
  log: string;
  user: ServerUser | undefined;
  /** Arguments for every start of the server. */
  settings: string[];
}

/** What keeps a server ours: an open connection that holds the lock of its users. */
interface Membership {
  keeper: Sql;
  postmaster: Postmaster;
  lost: Promise<void>;
}

const DATABASE = 'coupons';
const PASSWORD_FILE = 'service-password';
const LAUNCHES_MAX = 20;
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 20_000;
const POLL_INTERVAL_MS = 50;
const RETRY_DELAY_MS = 500;
// Every user of a server holds this lock, shared; who gets it alone is the last one, and stops the server.
const USERS_LOCK = 0x75736572;
const CREATION_LOCK = 0x6d616b65;

/**
 * The default folder of the data: `.data` in the checkout, or, for root in a checkout that the server's user
 * could not enter, a folder of its own in /var/lib.
 */
export async function defaultDataFolder(checkout = projectRoot): Promise<string> {
  if (process.getuid?.() !== 0 || (await isOpenToAll(checkout))) return join(checkout, '.data');
  const name = createHash('sha256').update(checkout).digest('hex').slice(0, 12);
  return join('/var/lib/scalable-coupon-system', name);
}

/**
 * Starts PostgreSQL on a free port of 127.0.0.1 with its data in `folder`, or joins the one that already runs
 * there: that of a second service of the same checkout, or one that a killed service left behind. A server
 * that dies is started again, on the same port.
 * @param settings more settings for the server, such as `{ fsync: 'off' }`.
 * @throws Error when there is no server for this platform, or it does not come up within a minute.
 */
export async function startEmbeddedPostgres(
  folder: string,
  settings: Record<string, string> = {},
): Promise<EmbeddedPostgres> {
  const installation = await install(folder, settings);
  let membership = await enter(installation);
  const { port } = membership.postmaster;
  let stopping = false;

  const stayIn = async () => {
    while (!stopping) {
      await membership.lost;
      if (stopping) return;
      await membership.keeper.end({ timeout: 0 });
      membership = await enter(installation, port).catch(() => sleep(RETRY_DELAY_MS, membership));
    }
  };
  const staying = stayIn();

  return {
    url: await connectionUrl(installation.data, port, DATABASE),
    folder,
    async stop() {
      stopping = true;
      const left = membership;
      await leave(left);
      await staying;
      // The server had died, and was being started again.
      if (membership !== left) await leave(membership);
    },
  };
}

async function install(folder: string, settings: Record<string, string>): Promise<Installation> {
  const found = await findBinaries();
  await mkdir(folder, { recursive: true });
  const place = await realpath(folder);
  const data = join(place, 'postgres');
  const user = await serverUser(data);
  if (user && !(await isOpenToAll(place))) {
    throw new Error(
      `PostgreSQL does not run as root, and the user it would run as (${user.uid}) cannot enter ${place}: set DATA_DIR to a folder that every user can enter`,
    );
  }
  return {
    binaries: await reachableBinaries(found, place, user),
    data,
    log: join(place, 'postgres.log'),
    user,
    settings: Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
  };
}

/** Joins the server of these data, after starting it if none runs. */
async function enter(installation: Installation, port?: number): Promise<Membership> {
  const { data, log } = installation;
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (let launches = 0; launches < LAUNCHES_MAX && Date.now() < deadline; ) {
    await initialize(installation);
    const postmaster = await findPostmaster(data);
    if (postmaster) {
      const membership = await joinServer(data, postmaster);
      if (membership) return membership;
      await sleep(POLL_INTERVAL_MS);
    } else {
      launches++;
      await launch(installation, port ?? (await freePort()));
    }
  }
  const lines = (await readFile(log, 'utf8').catch(() => '')).trimEnd().split('\n').slice(-3).join('\n');
  throw new Error(`PostgreSQL did not start. The end of ${log}:\n${lines}`);
}

/** Makes the data directory, whole or not at all, however many processes try at once. */
async function initialize({ binaries, data, user }: Installation): Promise<void> {
  if (await readFile(join(data, 'PG_VERSION')).catch(() => undefined)) return;
  const incomplete = `${data}.${process.pid}`;
  const passwordFile = join(incomplete, '..', `password.${process.pid}`);
  await rm(incomplete, { recursive: true, force: true });
  await mkdir(incomplete, { mode: 0o700 });
  await writeFile(passwordFile, randomBytes(24).toString('hex'), { mode: 0o600 });
  if (user) {
    await chown(incomplete, user.uid, user.gid);
    await chown(passwordFile, user.uid, user.gid);
  }
  await promisify(execFile)(
    binaries.initdb,
    [
      '-D',
      incomplete,
      '-U',
      'postgres',
      '-A',
      'scram-sha-256',
      '--pwfile',
      passwordFile,
      '-E',
      'UTF8',
      '--locale',
      'C',
    ],
    { ...user, cwd: incomplete },
  );
  await rename(passwordFile, join(incomplete, PASSWORD_FILE));
  // It fails when another process was faster, whose data are then there.
  await rename(incomplete, data).catch(() => rm(incomplete, { recursive: true }));
}

/**
 * Starts a server and returns once it has taken its lock file or has given up: because another process was
 * faster, because the port was taken meanwhile, or because a dead server's last processes are still going.
 */
async function launch({ binaries, data, log, user, settings }: Installation, port: number): Promise<void> {
  const output = await open(log, 'a');
  // In a process group of its own: Ctrl-C in the terminal is for the service, which needs the server to the end.
  const child = spawn(
    binaries.postgres,
    [
      '-D',
      data,
      '-p',
      String(port),
      '-c',
      'listen_addresses=127.0.0.1',
      '-c',
      'unix_socket_directories=',
      ...settings,
    ],
    { ...user, cwd: data, detached: true, stdio: ['ignore', output.fd, output.fd] },
  );
  let over = false;
  child.once('error', () => (over = true));
  child.once('exit', () => (over = true));
  child.unref();
  await output.close();
  while (!over && !(await findPostmaster(data))) await sleep(POLL_INTERVAL_MS);
  if (over) await sleep(RETRY_DELAY_MS);
}

/** Connects to a server and becomes one of its users; undefined if it does not take us (yet, or any more). */
async function joinServer(data: string, postmaster: Postmaster): Promise<Membership | undefined> {
  let onLost: () => void = () => {};
  const lost = new Promise<void>((resolve) => (onLost = resolve));
  const keeper = postgres(await connectionUrl(data, postmaster.port, 'postgres'), {
    max: 1,
    max_lifetime: null,
    connect_timeout: 5,
    fetch_types: false,
    onnotice: () => {},
    onclose: onLost,
  });
  try {
    await keeper`select pg_advisory_lock_shared(${USERS_LOCK})`;
    // One at a time: `create database` fails when another process was faster.
    await keeper`select pg_advisory_lock(${CREATION_LOCK})`;
    const [there] = await keeper`select from pg_database where datname = ${DATABASE}`;
    if (!there) await keeper.unsafe(`create database ${DATABASE}`);
    await keeper`select pg_advisory_unlock(${CREATION_LOCK})`;
    return { keeper, postmaster, lost };
  } catch {
    await keeper.end({ timeout: 0 });
    return undefined;
  }
}

async function leave({ keeper, postmaster }: Membership): Promise<void> {
  const isLast = async () => {
    await keeper`select pg_advisory_unlock_shared(${USERS_LOCK})`;
    const [row] = await keeper<{ last: boolean }[]>`select pg_try_advisory_lock(${USERS_LOCK}) as last`;
    return row?.last;
  };
  // A server that cannot be asked has died.
  const last = await isLast().catch(() => false);
  if (last) process.kill(postmaster.pid, 'SIGINT');
  await keeper.end({ timeout: 0 });
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (last && isAlive(postmaster.pid)) {
    if (Date.now() > deadline) process.kill(postmaster.pid, 'SIGQUIT');
    await sleep(POLL_INTERVAL_MS);
  }
}

async function connectionUrl(data: string, port: number, database: string): Promise<string> {
  const password = (await readFile(join(data, PASSWORD_FILE), 'utf8')).trim();
  return `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}
