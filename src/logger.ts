import cluster from 'node:cluster';
import pino, { type Logger } from 'pino';

/** Logs JSON lines to standard output, or readable lines if that is a terminal. */
export function createLogger(level: string): Logger {
  const options = {
    level,
    base: cluster.isWorker ? { pid: process.pid } : null,
    timestamp: pino.stdTimeFunctions.isoTime,
  };
  // Asynchronous writes may lose their order at the exit: `stopped` has come before earlier lines.
  if (!process.stdout.isTTY) return pino(options, pino.destination({ dest: 1, sync: true }));
  return pino({
    ...options,
    transport: { target: 'pino-pretty', options: { translateTime: 'SYS:HH:MM:ss.l' } },
  });
}
