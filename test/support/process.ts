import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { settingNames } from '../../src/config.js';
import { divided } from './all-shards.js';
import { type Client, createClient } from './app.js';
import { atExit } from './at-exit.js';
import type { Scope } from './scope.js';
import { until } from './until.js';

export interface LogLine extends Record<string, unknown> {
  level: number;
  time: string;
  msg: string;
}

/** A program of ours in its own process. */
export interface ServiceProcess {
  pid: number;
  /** The JSON lines of its log so far. */
  log: LogLine[];
  /** All other lines of both outputs so far. */
  output: string[];
  /** Waits for a log line that contains `text`. */
  logged(text: string): Promise<LogLine>;
  /** Waits until it listens. Returns a client of it. */
  listening(): Promise<Client>;
  signal(signal: NodeJS.Signals): void;
  /** Waits until it ends. Returns its exit code, or the signal that killed it. */
  exited(): Promise<number | NodeJS.Signals>;
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>;
}

/** What tap loads into each process to measure coverage takes as long to start as the service. */
const isCovered = process.env['_TAPJS_PROCESSINFO_COVERAGE_'] !== '0';
const NOT_INHERITED = [...settingNames, ...(isCovered ? [] : ['NODE_OPTIONS'])];

/** Few tests have clients who move on before the end. */
const DEFAULTS = { PORT: '0', HOST: '127.0.0.1', SHUTDOWN_DELAY_MS: '0' };

/**
 * Starts the service on a free port, with these settings and no others, and kills it after the
 * test. It runs the compiled program, as users do.
 * @param script a compiled file: its path, beside `test`.
 */
export function startService(
  t: Scope,
  settings: Record<string, string>,
  {
    script = 'src/server.js',
    nodeArguments = [],
    operands = [],
    openFilesMax,
  }: {
    script?: string;
    nodeArguments?: string[];
    operands?: readonly string[];
    openFilesMax?: number;
  } = {},
): ServiceProcess {
  const inherited = Object.entries(process.env).filter(([name]) => !NOT_INHERITED.includes(name));
  // Node.js raises its own limit as far as it may, and cannot lower it.
  const limit = openFilesMax === undefined ? [] : ['sh', '-c', `ulimit -n ${openFilesMax} && exec "$0" "$@"`];
  const [command = '', ...rest] = [
    ...limit,
    process.execPath,
    ...nodeArguments,
    fileURLToPath(new URL(`../../${script}`, import.meta.url)),
    ...operands,
  ];
  const child = spawn(command, rest, {
    env: {
      ...Object.fromEntries(inherited),
      ...DEFAULTS,
      ...divided(settings),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log: LogLine[] = [];
  const output: string[] = [];
  let end: number | NodeJS.Signals | undefined;
  for (const stream of [child.stdout, child.stderr]) {
    createInterface(stream).on('line', (line) => {
      if (line.startsWith('{')) log.push(JSON.parse(line));
      else output.push(line);
    });
  }
  // The event `exit` may come before the last lines.
  child.once('close', (code, signal) => (end = code ?? signal ?? 1));
  const kill = () => void child.kill('SIGKILL');
  const forget = atExit(kill);

  const running: ServiceProcess = {
    pid: child.pid ?? 0,
    log,
    output,
    async logged(text) {
      const find = () => log.find((line) => line.msg.includes(text));
      await until(`"${text}" in the log`, () => find() !== undefined || end !== undefined);
      const line = find();
      if (line) return line;
      throw new Error(`ended (${end}) without "${text}": ${JSON.stringify(log)} ${output.join('\n')}`);
    },
    async listening() {
      const { msg } = await running.logged('listening on http');
      return createClient(t, msg.replace('listening on ', ''));
    },
    signal: (signal) => void child.kill(signal),
    exited: () => until('the end of the process', () => end),
    stop(signal = 'SIGTERM') {
      child.kill(signal);
      return running.exited();
    },
  };
  t.teardown(async () => {
    kill();
    await running.exited();
    forget();
  });
  return running;
}
