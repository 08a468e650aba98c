import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres, { type Sql } from 'postgres';
import { projectRoot } from '../project-root.js';
import { isOpenToAll } from './binaries.js';
import { freePort } from './free-port.js';
import { connectionUrl, type Installation, initialize, install, launch } from './installation.js';
import { findPostmaster, isAlive, type Postmaster } from './postmaster.js';

/** A running PostgreSQL of our own. */
export interface EmbeddedPostgres {
  /** Leads to its database `coupons`. It holds a password: not for logs. */
  url: string;
  folder: string;
  /** Stops the server, unless another process still uses it. */
  stop(): Promise<void>;
}

/** What keeps a server ours: an open connection that holds the lock of its users. */
interface Membership {
  keeper: Sql;
  postmaster: Postmaster;
  lost: Promise<void>;
}

const DATABASE = 'coupons';
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
