import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LoadPlan, LoadResult } from './plan.js';

const SCRIPT = join(import.meta.dirname, 'claims.lua');
const execute = promisify(execFile);

/** What the script prints at its end. It counts statuses only if told to. */
interface Summary extends Omit<LoadResult, 'claimed' | 'unansweredMax' | 'burst'> {
  /** Answers with a status of 400 or more. */
  refusals: number;
}

export async function hasWrk(): Promise<boolean> {
  // wrk --version prints its version and exits with 1.
  const { code } = await execute('wrk', ['--version']).catch((error) => error);
  return code !== 'ENOENT';
}

/** Tells whether wrk can send this load: it sends claims of new users only, in a closed loop. */
export function isForWrk({ rate, requests, traffic }: LoadPlan): boolean {
  return rate === null && requests === null && traffic.users === null && traffic.readsInTen === 0;
}

/**
 * Runs a load by wrk, which takes less processor time than autocannon.
 *
 * Only the warm-up counts statuses: a call of the script for each answer costs wrk more than
 * everything else. In the measured run, wrk itself counts refusals, and the warm-up shows their
 * status.
 * @param onMeasuring is called when the warm-up is over.
 * @throws Error when wrk fails, or the signal is aborted.
 */
export async function runWrk(
  plan: LoadPlan,
  onMeasuring: () => void,
  signal: AbortSignal,
): Promise<LoadResult> {
  const warmup = await run(plan, plan.warmupMs, 'warmup-', ['count-statuses'], signal);
  onMeasuring();
  const { refusals, ...measured } = await run(plan, plan.durationMs, 'measured-', [], signal);
  const statuses = { ...warmup.statuses };
  const add = (status: string, count: number) => {
    if (count > 0) statuses[status] = (statuses[status] ?? 0) + count;
  };
  const refused = Object.keys(statuses).filter((status) => Number(status) >= 400);
  add('200', measured.answers - refusals);
  // No scenario expects the status `unknown`, so the run fails.
  add(refused.length === 1 ? refused[0]! : 'unknown', refusals);
  return {
    ...measured,
    statuses,
    claimed: null,
    unansweredMax: 2 * plan.connections,
    networkErrors: warmup.networkErrors + measured.networkErrors,
    burst: null,
  };
}

async function run(
  { connections, traffic, url }: LoadPlan,
  ms: number,
  users: string,
  more: string[],
  signal: AbortSignal,
): Promise<Summary> {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  const options = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '30s', '-s', SCRIPT, url, '--'];
  const names = [traffic.userPrefix + users, traffic.couponPrefix, String(traffic.coupons)];
  const killed = { signal, killSignal: 'SIGKILL' } as const;
  const { stdout } = await execute('wrk', [...options, ...names, ...more], killed);
  return JSON.parse(stdout.slice(stdout.indexOf('{'))) as Summary;
}
