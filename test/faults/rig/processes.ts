import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** The processes that a process has started, and that run. */
export async function childrenOf(pid: number): Promise<number[]> {
  return (await runningProcesses()).filter(({ parent }) => parent === pid).map(({ pid }) => pid);
}

/** Whether one of the processes runs. */
export async function areRunning(pids: readonly number[]): Promise<boolean> {
  return (await runningProcesses()).some(({ pid }) => pids.includes(pid));
}

/** Not those that have ended, and whose parents have not noticed yet. */
async function runningProcesses(): Promise<{ pid: number; parent: number }[]> {
  const { stdout } = await promisify(execFile)('ps', ['-A', '-o', 'pid=,ppid=,stat=']);
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/));
  return rows
    .filter(([, , state]) => !state?.startsWith('Z'))
    .map(([pid, parent]) => ({ pid: Number(pid), parent: Number(parent) }));
}
