import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import postgres, { type Sql } from 'postgres';
import { isAlive } from '../../../db/embedded/postmaster.js';
import type { PostgresPrograms } from '../../../db/embedded/programs.js';
import type { ServerUser } from '../../../db/embedded/server-user.js';
import { atExit } from '../../support/at-exit.js';
import type { Scope } from '../../support/scope.js';
import { until } from '../../support/until.js';
import { areRunning, childrenOf } from './processes.js';

/** The role and the database of the services. The role is no superuser: it gets no reserved connection. */
export const ROLE = 'coupons';
export const CONNECTIONS_MAX = 60;

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: CONNECTIONS_MAX,
  shared_buffers: '16MB',
  // The machine does not crash, only processes do.
  fsync: 'off',
  // With it, a standby that lags behind for the length of a run can always catch up.
  wal_keep_size: '256MB',
  wal_retrieve_retry_interval: '100ms',
  wal_sender_timeout: '3s',
  wal_receiver_timeout: '3s',
  log_min_messages: 'warning',
};
const START_TIMEOUT_MS = 60_000;
const STOP_TIMEOUT_MS = 30_000;
const QUERY_TIMEOUT_MS = 30_000;

/** Data directories are copied from it: `initdb` takes seconds, a copy takes a fraction of one. */
export interface Template {
  data: string;
  programs: PostgresPrograms;
  user: ServerUser | undefined;
}

/** A PostgreSQL server of a test, which keeps its port. It ends with the scope, however that ends. */
export class PostgresNode {
  readonly name: string;
  readonly data: string;
  readonly port: number;
  readonly #template: Template;
  #child: ChildProcess | undefined;
  #settings: Record<string, string> = {};
  #frozen: number[] = [];

  constructor(scope: Scope, name: string, template: Template, data: string, port: number) {
    this.name = name;
    this.data = data;
    this.port = port;
    this.#template = template;
    const forget = atExit(() => this.#endNow());
    scope.teardown(async () => {
      forget();
      if (this.isRunning) await this.stop('SIGQUIT');
    });
  }

  /** Leads to the database of the services. */
  get url(): string {
    return `postgres://${ROLE}@127.0.0.1:${this.port}/${ROLE}`;
  }

  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number | undefined {
    return this.isRunning ? this.#child?.pid : undefined;
  }

  /** Starts the server if it does not run, and waits until it answers. */
  async start(): Promise<void> {
    await until(
      `PostgreSQL ${this.name}: ${await this.lastWords()}`,
      async () => {
        // It gives up if processes of its killed predecessor have not ended yet.
        if (!this.isRunning) await this.#spawn();
        return this.isAnswering();
      },
      START_TIMEOUT_MS,
    );
  }

  async #spawn(): Promise<void> {
    const log = await open(`${this.data}.log`, 'a');
    const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const { programs, user } = this.#template;
    // In a process group of its own: Ctrl-C in the terminal is for the tests, which end the server.
    this.#child = spawn(programs.postgres, ['-D', this.data, '-p', String(this.port), ...settings], {
      ...user,
      cwd: this.data,
      detached: true,
      stdio: ['ignore', log.fd, log.fd],
    });
    this.#child.once('error', () => {});
    await log.close();
  }

  /** Sends a signal to the main process: SIGTERM, SIGINT and SIGQUIT are its ways to shut down. */
  signal(signal: NodeJS.Signals): void {
    if (this.isRunning) this.#child?.kill(signal);
  }

  /** Sends a signal and waits until the server has ended, with all of its processes. */
  async stop(signal: NodeJS.Signals): Promise<void> {
    const { pid } = this;
    const children = pid ? await childrenOf(pid) : [];
    this.signal(signal);
    this.thaw();
    const deadline = Date.now() + STOP_TIMEOUT_MS / 2;
    await until(
      `the end of PostgreSQL ${this.name}`,
      async () => {
        if (this.isRunning && Date.now() > deadline) this.signal('SIGQUIT');
        return !this.isRunning && !(await areRunning(children));
      },
      STOP_TIMEOUT_MS,
    );
  }

  /** Stops all of its processes where they are: connections stay open, and nothing is answered. */
  async freeze(): Promise<void> {
    const { pid } = this;
    if (!pid) return;
    process.kill(pid, 'SIGSTOP');
    this.#frozen = [pid, ...(await childrenOf(pid))];
    for (const process_ of this.#frozen) if (isAlive(process_)) process.kill(process_, 'SIGSTOP');
  }

  thaw(): void {
    for (const pid of this.#frozen) if (isAlive(pid)) process.kill(pid, 'SIGCONT');
    this.#frozen = [];
  }

  /** Replaces the settings that may change while it runs. */
  async configure(settings: Record<string, string>): Promise<void> {
    this.#settings = { ...this.#settings, ...settings };
    const lines = Object.entries(this.#settings).map(([name, value]) => `${name} = '${value}'\n`);
    await writeFile(join(this.data, 'postgresql.auto.conf'), lines.join(''));
    this.signal('SIGHUP');
  }

  /** Runs queries as a superuser, over a connection of their own. @throws what postgres.js throws. */
  async ask<T>(run: (sql: Sql) => Promise<T>, database = 'postgres'): Promise<T> {
    const sql = postgres(`postgres://postgres@127.0.0.1:${this.port}/${database}`, {
      max: 1,
      connect_timeout: QUERY_TIMEOUT_MS / 1_000,
      fetch_types: false,
      onnotice: () => {},
    });
    // Made here: its stack says who asked.
    const late = new Error(`PostgreSQL ${this.name} did not answer the test`);
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(late), QUERY_TIMEOUT_MS);
    });
    try {
      return await Promise.race([run(sql), timeout]);
    } finally {
      clearTimeout(timer);
      sql.end({ timeout: 0 }).catch(() => {});
    }
  }

  isAnswering(): Promise<boolean> {
    return this.ask((sql) => sql`select`).then(
      () => true,
      () => false,
    );
  }

  /** The end of its log. */
  async lastWords(): Promise<string> {
    const text = await readFile(`${this.data}.log`, 'utf8').catch(() => '');
    return text.trimEnd().split('\n').slice(-8).join('\n');
  }

  /** Makes its data a copy of those of a running server, to be its standby. It must not run. */
  async copyFrom(source: PostgresNode): Promise<void> {
    await rm(this.data, { recursive: true, force: true });
    const label = await source.ask(async (sql) => {
      await sql`select pg_backup_start('standby', true)`;
      // A file may vanish during the copy: `cp` then fails, and copies the others.
      await promisify(execFile)('cp', ['-a', source.data, this.data]).catch(() => {});
      const [row] = await sql<{ labelfile: string }[]>`select labelfile from pg_backup_stop()`;
      return row?.labelfile ?? '';
    });
    for (const entry of ['postmaster.pid', 'postmaster.opts', 'pg_wal']) {
      await rm(join(this.data, entry), { recursive: true, force: true });
    }
    const { user } = this.#template;
    await makeFolder(join(this.data, 'pg_wal'), user);
    await makeFolder(join(this.data, 'pg_wal', 'archive_status'), user);
    await this.write('backup_label', label);
  }

  /** Writes a file of its data directory. */
  async write(name: string, text: string): Promise<void> {
    const { user } = this.#template;
    await writeFile(join(this.data, name), text, { mode: 0o600 });
    if (user) await chown(join(this.data, name), user.uid, user.gid);
  }

  /** For the `exit` event, which does not wait for promises. */
  #endNow(): void {
    this.signal('SIGQUIT');
    this.thaw();
    const deadline = Date.now() + 6_000;
    const clock = new Int32Array(new SharedArrayBuffer(4));
    while (existsSync(join(this.data, 'postmaster.pid')) && Date.now() < deadline)
      Atomics.wait(clock, 0, 0, 20);
  }
}

/** Makes a folder of the user who runs the server. */
export async function makeFolder(folder: string, user: ServerUser | undefined): Promise<void> {
  await mkdir(folder, { mode: 0o700 });
  if (user) await chown(folder, user.uid, user.gid);
}
