import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { projectRoot } from '../../db/project-root.js';
import type { LoadPlan, LoadResult, RunLoad } from './plan.js';

const SCRIPT = join(projectRoot, 'bench/load/claims.lua');
const execute = promisify(execFile);

/** What the script prints at its end. It counts statuses only if told to. */
interface Summary extends Pick<LoadResult, 'statuses' | 'networkErrors' | 'figures'> {
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
  const { users, readsInTen, claimsInRequest } = traffic;
  return rate === null && requests === null && users === null && readsInTen === 0 && claimsInRequest === null;
}

/**
 * Runs a load by wrk, which takes less processor time than autocannon.
 *
 * Only the warm-up counts statuses: a call of the script for each answer costs wrk more than
 * everything else. In the measured run, wrk itself counts refusals, and the warm-up shows their
 * status.
 */
export const runWrk: RunLoad = async (plan, onMeasuring, signal) => {
  const { connections, traffic, url } = plan;
  const run = async (ms: number, users: string, ...more: string[]): Promise<Summary> => {
    const seconds = Math.max(1, Math.ceil(ms / 1000));
    const options = ['-t1', `-c${connections}`, `-d${seconds}s`, '--timeout', '30s', '-s', SCRIPT, url, '--'];
    const names = [traffic.userPrefix + users, traffic.couponPrefix, String(traffic.coupons)];
    const killed = { signal, killSignal: 'SIGKILL' } as const;
    const { stdout } = await execute('wrk', [...options, ...names, ...more], killed);
    return JSON.parse(stdout.slice(stdout.indexOf('{')));
  };
  const warmup = await run(plan.warmupMs, 'warmup-', 'count-statuses');
  onMeasuring();
  const { figures, refusals, networkErrors } = await run(plan.durationMs, 'measured-');
  // No scenario expects the status `unknown`, so the run fails.
  const [refused = 'unknown'] = Object.keys(warmup.statuses).filter((status) => Number(status) >= 400);
  const statuses = { [200]: 0, [refused]: 0, ...warmup.statuses };
  statuses[200]! += figures.answers - refusals;
  statuses[refused]! += refusals;
  return {
    statuses,
    claimed: null,
    unansweredMax: 2 * connections,
    networkErrors: warmup.networkErrors + networkErrors,
    figures,
  };
};
