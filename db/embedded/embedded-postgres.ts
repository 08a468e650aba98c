import { setTimeout as sleep } from 'node:timers/promises';
import { createDatabase } from './create-database.js';
import { DataFolderRefused, explain, holdsDatabase, isDiskFull } from './data-folder.js';
import { freePort } from './free-port.js';
import { type Installation, prepareInstallation } from './installation.js';
import { connectionUrl, joinServer, leaveServer, type Membership } from './membership.js';
import { findPostmaster, launchPostmaster, stopPostmaster } from './postmaster.js';
import { limitLogSize, readLastLines } from './server-log.js';

export { defaultDataFolder } from './data-folder.js';

export interface EmbeddedPostgresOptions {
  /** More settings for the server, such as `{ fsync: 'off' }`. */
  settings?: Record<string, string>;
  /** Is called with a sentence before each slow step, and when a server is joined or lost. */
  onProgress?: (message: string) => void;
  /** Is called when the server is lost. It is started again then. */
  onLost?: (() => void) | undefined;
  /** Gives up the start. It has no effect once the server has started: call stop() then. */
  signal?: AbortSignal;
}

/** A running PostgreSQL of our own. */
export interface EmbeddedPostgres {
  /** The URL of its database `coupons`. It holds a password: keep it out of logs. */
  url: string;
  /** The folder that holds the data and the log. */
  folder: string;
  /** Stops the server, unless another process still uses it. */
  stop(): Promise<void>;
}

interface EnterOptions {
  onProgress: (message: string) => void;
  signal: AbortSignal;
  /** Absent: a free one. */
  port?: number;
}

const LAUNCHES_MAX = 20;
const START_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 50;
const RETRY_DELAY_MS = 500;

/**
 * Starts PostgreSQL on a free port of 127.0.0.1. Its data are in `folder`, which is created if
 * needed. If a server already runs on these data, joins it: another service of this checkout
 * started it, or a killed service left it behind. A server that dies is started again, on the same
 * port.
 *
 * If this function throws, it leaves no server and no incomplete data behind.
 * @throws DataFolderRefused if PostgreSQL cannot keep its data in the folder.
 * @throws Error if there is no PostgreSQL for this platform, or it does not start within a minute.
 * @throws the reason of `signal` when it is aborted.
 */
export async function startEmbeddedPostgres(
  folder: string,
  options: EmbeddedPostgresOptions = {},
): Promise<EmbeddedPostgres> {
  const { settings = {}, onProgress = () => {}, onLost, signal = new AbortController().signal } = options;
  try {
    const installation = await prepareInstallation(folder, settings, onProgress);
    const membership = await enter(installation, { onProgress, signal });
    const url = await connectionUrl(installation.data, membership.postmaster.port);
    return { url, folder, stop: stay(installation, membership, onProgress, onLost) };
  } catch (error) {
    throw explain(error, folder);
  }
}

/** Creates the database and launches a server, unless they are there, and joins the server. */
async function enter(
  installation: Installation,
  { onProgress, signal, port }: EnterOptions,
): Promise<Membership> {
  const { data, folder, log } = installation;
  const reported = new Set<string>();
  const report = (message: string) => {
    if (!reported.has(message)) onProgress(message);
    reported.add(message);
  };
  const deadline = Date.now() + START_TIMEOUT_MS;
  let launched: number | undefined;
  try {
    for (let launches = 0; launches < LAUNCHES_MAX && Date.now() < deadline; ) {
      signal.throwIfAborted();
      if (!(await holdsDatabase(installation))) {
        report(`creating the database in ${folder}`);
        await createDatabase(installation, signal);
      }
      const postmaster = await findPostmaster(data);
      if (postmaster) {
        const membership = await joinServer(data, postmaster);
        if (membership) {
          if (postmaster.pid !== launched) report(`joined the PostgreSQL that runs in ${folder}`);
          if (!signal.aborted) return membership;
          await leaveServer(membership);
        }
        await sleep(POLL_INTERVAL_MS);
      } else {
        report('starting PostgreSQL');
        launches++;
        launched = await launchPostmaster(installation, port ?? (await freePort()));
      }
    }
    const lastLines = await readLastLines(log);
    if (await isDiskFull(folder, lastLines)) throw new DataFolderRefused(folder, 'the disk is full');
    throw new Error(`PostgreSQL did not start. The end of ${log}:\n${lastLines}`);
  } catch (error) {
    const postmaster = await findPostmaster(data);
    if (postmaster && postmaster.pid === launched) await stopPostmaster(launched);
    throw error;
  }
}

/** Starts the server again whenever it dies. Returns the function that ends this. */
function stay(
  installation: Installation,
  first: Membership,
  onProgress: (message: string) => void,
  onLost: (() => void) | undefined,
): () => Promise<void> {
  let membership = first;
  const { port } = first.postmaster;
  const stopping = new AbortController();
  const { signal } = stopping;

  const comeBack = async () => {
    for (;;) {
      await membership.lost;
      if (signal.aborted) return;
      onLost?.();
      onProgress('lost the connection to PostgreSQL');
      await membership.keeper.end({ timeout: 0 });
      try {
        membership = await enter(installation, { onProgress, signal, port });
      } catch (error) {
        if (signal.aborted) return;
        onProgress(error instanceof Error ? error.message : String(error));
        await sleep(RETRY_DELAY_MS);
      }
    }
  };
  const staying = comeBack();
  const unlimitLogSize = limitLogSize(installation.log);

  return async () => {
    stopping.abort();
    unlimitLogSize();
    const left = membership;
    await leaveServer(left);
    await staying;
    // The server had died, and was just started again.
    if (membership !== left) await leaveServer(membership);
  };
}
