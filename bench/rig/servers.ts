import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../db/embedded/free-port.js';
import { builtFile } from './build.js';

/** The service (`engine`), or one of the peers that it is compared with. */
export type ServerKind = 'engine' | 'row-lock' | 'statement' | 'ceiling' | 'refusal';

export interface Server {
  kind: ServerKind;
  url: string;
  /** Absent: somebody else started the server, perhaps on another machine. */
  pid?: number;
  stop(): Promise<void>;
}

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 15_000;
const POLL_INTERVAL_MS = 50;

export function usesDatabase(kind: ServerKind): boolean {
  return kind !== 'ceiling' && kind !== 'refusal';
}

/**
 * Starts a server as a process of its own and waits until it is healthy. The server gets the
 * settings of this process: `CLAIM_LANES=8 npm run bench` measures 8 lanes.
 * @param folder for its log.
 * @throws Error with the end of its log, when it does not start.
 */
export async function startServer(
  kind: ServerKind,
  databaseUrl: string,
  folder: string,
  signal: AbortSignal,
): Promise<Server> {
  signal.throwIfAborted();
  const port = await freePort();
  const logFile = join(folder, `${kind}-${port}.log`);
  const log = await open(logFile, 'a');
  const file = kind === 'engine' ? 'src/server.js' : 'bench/rig/peer-server.js';
  const child = spawn(process.execPath, [builtFile(file), kind], {
    stdio: ['ignore', log.fd, log.fd],
    env: { ...process.env, PORT: String(port), HOST: '127.0.0.1', DATABASE_URL: databaseUrl },
  });
  const exited = once(child, 'exit');
  await log.close();
  const isOver = () => child.exitCode !== null || child.signalCode !== null;
  const stop = async () => {
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    await exited;
    clearTimeout(timer);
  };

  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await isHealthy(url))) {
    if (isOver() || Date.now() > deadline || signal.aborted) {
      await stop();
      signal.throwIfAborted();
      const end = (await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-5).join('\n');
      throw new Error(`the server (${kind}) did not start. The end of its log:\n${end}`);
    }
    await sleep(POLL_INTERVAL_MS);
  }
  return { kind, url, pid: child.pid as number, stop };
}

async function isHealthy(url: string): Promise<boolean> {
  const response = await fetch(`${url}/health`).catch(() => undefined);
  await response?.arrayBuffer();
  return response?.status === 200;
}
