import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Test } from 'tap';
import { projectRoot } from '../../db/project-root.js';
import { settingNames } from '../../src/config.js';
import { type Client, createClient } from './app.js';
import { atExit } from './at-exit.js';
import { until } from './until.js';

export interface LogLine extends Record<string, unknown> {
  level: number;
  msg: string;
}

/** One of our programs, running as a process of its own. */
export interface ServiceProcess {
  pid: number;
  /** Its JSON log lines so far. */
  log: LogLine[];
  /** Its other lines so far, of both outputs. */
  output: string[];
  /** Waits for a log line that contains `text`. */
  logged(text: string): Promise<LogLine>;
  /** Waits until it listens; a client of it. */
  listening(): Promise<Client>;
  signal(signal: NodeJS.Signals): void;
  /** Waits for its end. Its exit code, or the signal that killed it. */
  exited(timeoutMs?: number): Promise<number | NodeJS.Signals>;
  /** Sends the signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals>;
}

/**
 * Starts the service on a free port, with these settings and no others. It is killed when the test is over. Unless
 * told otherwise, the child gets our own Node.js arguments: they bring TypeScript and the counting of covered lines.
 */
export function startService(
  t: Test,
  settings: Record<string, string>,
  {
    script = 'src/server.ts',
    nodeArguments = process.execArgv,
  }: { script?: 'src/server.ts' | 'src/migrate.ts'; nodeArguments?: string[] } = {},
): ServiceProcess {
  const inherited = Object.entries(process.env).filter(([name]) => !settingNames.includes(name));
  const child = spawn(process.execPath, [...nodeArguments, join(projectRoot, ...script.split('/'))], {
    env: { ...Object.fromEntries(inherited), PORT: '0', HOST: '127.0.0.1', ...settings },
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
  // Not `exit`, which may come before the last lines.
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
    exited: (timeoutMs) => until('the end of the process', () => end, timeoutMs),
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
