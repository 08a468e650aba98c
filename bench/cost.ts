import { readFile } from 'node:fs/promises';

/** Processor time and memory of a process and its descendants, as Linux tells them; null elsewhere. */
export interface Usage {
  /** Since its start, and of those descendants that have ended. */
  cpuMs: number;
  residentMiB: number;
}

// The kernel counts processor time in hundredths of a second and memory in pages, for any program that asks.
const TICK_MS = 10;
const PAGE_MIB = 4096 / 2 ** 20;

export async function usageOf(pid: number): Promise<Usage | null> {
  if (process.platform !== 'linux') return null;
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name in parentheses may hold spaces. What follows it is numbered from 3 in proc(5).
  const field = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const at = (number: number) => Number(field[number - 3]);
  if (field.length < 22) return null;
  // utime, stime, cutime, cstime: a child's time goes from its own account to its parent's when it is reaped.
  const usage = {
    cpuMs: (at(14) + at(15) + at(16) + at(17)) * TICK_MS,
    residentMiB: at(24) * PAGE_MIB,
  };
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  for (const child of children.split(' ').filter(Boolean)) {
    const childUsage = await usageOf(Number(child));
    usage.cpuMs += childUsage?.cpuMs ?? 0;
    usage.residentMiB += childUsage?.residentMiB ?? 0;
  }
  return usage;
}

const SAMPLE_INTERVAL_MS = 250;

/** Watches the memory of a process until it is stopped. */
export function watchMemory(pid: number | undefined): { stop(): number | null } {
  let peakMiB: number | null = null;
  const sample = async () => {
    const usage = pid === undefined ? null : await usageOf(pid);
    if (usage) peakMiB = Math.max(peakMiB ?? 0, usage.residentMiB);
  };
  void sample();
  const timer = setInterval(sample, SAMPLE_INTERVAL_MS);
  return {
    stop() {
      clearInterval(timer);
      return peakMiB;
    },
  };
}
