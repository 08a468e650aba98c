import { readFile, writeFile } from 'node:fs/promises';

/** What a process and its descendants have used. */
export interface Usage {
  /** Processor time since the start, including that of descendants that have ended. */
  cpuMs: number;
  /** The peak of the resident memory since the start, or since `resetPeak`. */
  peakMiB: number;
}

/** Linux counts processor time in hundredths of a second. */
const TICK_MS = 10;

/** Reads what a process has used. Null: there is no such process, or this is not Linux. */
export async function usageOf(pid: number | undefined): Promise<Usage | null> {
  const stat = await read(pid, 'stat');
  if (!stat) return null;
  // The name in parentheses may hold spaces. proc(5) numbers the fields behind it from 3.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  // utime, stime, cutime and cstime: a parent gets the time of its child when the child has ended.
  const ticks = fields.slice(14 - 3, 18 - 3).reduce((sum, field) => sum + Number(field), 0);
  const peakKiB = Number(/VmHWM:\s*(\d+)/.exec(await read(pid, 'status'))?.[1] ?? 0);
  const usage = { cpuMs: ticks * TICK_MS, peakMiB: peakKiB / 1024 };
  for (const child of await childrenOf(pid)) {
    const { cpuMs, peakMiB } = (await usageOf(child)) ?? { cpuMs: 0, peakMiB: 0 };
    usage.cpuMs += cpuMs;
    usage.peakMiB += peakMiB;
  }
  return usage;
}

/** The processor time that these processes have used together. */
export async function cpuMsOf(pids: readonly (number | undefined)[]): Promise<number> {
  return (await Promise.all(pids.map(usageOf))).reduce((sum, usage) => sum + (usage?.cpuMs ?? 0), 0);
}

/** Lets the peak of the memory start again. */
export async function resetPeak(pid: number | undefined): Promise<void> {
  // 5 stands for the peak of the resident memory, see proc(5).
  await writeFile(`/proc/${pid}/clear_refs`, '5').catch(() => {});
  for (const child of await childrenOf(pid)) await resetPeak(child);
}

async function childrenOf(pid: number | undefined): Promise<number[]> {
  return (await read(pid, `task/${pid}/children`)).split(' ').filter(Boolean).map(Number);
}

function read(pid: number | undefined, file: string): Promise<string> {
  return readFile(`/proc/${pid}/${file}`, 'utf8').catch(() => '');
}
