import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import postgres, { type Sql } from 'postgres';
import { PASSWORD_FILE } from './data-folder.js';
import { type Postmaster, stopPostmaster } from './postmaster.js';

/**
 * What makes this process a user of a server: an open connection that holds the users lock, shared.
 * A user that gets this lock exclusively is the last one, and stops the server.
 */
export interface Membership {
  keeper: Sql;
  postmaster: Postmaster;
  /** Resolves when the connection is closed. */
  lost: Promise<void>;
}

const DATABASE = 'coupons';
// Any two numbers for advisory locks will do: "user" and "make" in ASCII.
const USERS_LOCK = 0x75736572;
const CREATION_LOCK = 0x6d616b65;

/**
 * Connects to a server and becomes one of its users. Undefined if it accepts no connections now.
 */
export async function joinServer(data: string, postmaster: Postmaster): Promise<Membership | undefined> {
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
    // One process at a time: `create database` fails if another process was faster.
    await keeper`select pg_advisory_lock(${CREATION_LOCK})`;
    const [row] = await keeper`select from pg_database where datname = ${DATABASE}`;
    if (!row) await keeper.unsafe(`create database ${DATABASE}`);
    await keeper`select pg_advisory_unlock(${CREATION_LOCK})`;
    return { keeper, postmaster, lost };
  } catch {
    await keeper.end({ timeout: 0 });
    return undefined;
  }
}

/** Gives the membership up, and stops the server if this process was its last user. */
export async function leaveServer({ keeper, postmaster }: Membership): Promise<void> {
  const isLastUser = async () => {
    await keeper`select pg_advisory_unlock_shared(${USERS_LOCK})`;
    const [row] = await keeper<{ last: boolean }[]>`select pg_try_advisory_lock(${USERS_LOCK}) as last`;
    return row?.last;
  };
  // A server that does not answer has died.
  const stops = await isLastUser().catch(() => false);
  const stopped = stops ? stopPostmaster(postmaster.pid) : undefined;
  await keeper.end({ timeout: 0 });
  await stopped;
}

/** The URL of a database of ours. It holds the password. */
export async function connectionUrl(data: string, port: number, database = DATABASE): Promise<string> {
  const password = (await readFile(join(data, PASSWORD_FILE), 'utf8')).trim();
  return `postgres://postgres:${password}@127.0.0.1:${port}/${database}`;
}
