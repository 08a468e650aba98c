import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { LoadObserver } from './load.js';
import type { LoadPlan } from './load-process.js';
import type { LoadResult } from './tally.js';
import { claimParts } from './traffic.js';

/** The load by wrk, which takes a fraction of autocannon's processor time. It makes claims only. */

export async function hasWrk(): Promise<boolean> {
  // wrk --version prints its version and exits with 1.
  const { code } = await promisify(execFile)('wrk', ['--version']).catch((error) => error);
  return code !== 'ENOENT';
}

/** What the script prints when wrk is done. */
interface Summary {
  requests: number;
  /** Answers with a status of 400 or more. */
  refusals: number;
  networkErrors: number;
  durationUs: number;
  p50: number;
  p99: number;
  p999: number;
  max: number;
  /** In the warm-up only. */
  statuses: Record<string, number>;
}

/**
 * The warm-up counts the statuses. The measured run does not, since telling the script of each answer costs wrk more than
 * all else; there wrk itself tells refusals from successes, and the warm-up tells what refusals are here.
 */
export async function runWrk(plan: LoadPlan, observer: LoadObserver): Promise<LoadResult> {
  const folder = await mkdtemp(join(tmpdir(), 'coupons-wrk-'));
  try {
    const run = async (name: string, ms: number, countsStatuses: boolean) => {
      const file = join(folder, `${name}.lua`);
      await writeFile(file, script(plan, name, countsStatuses));
      return runScript(plan, file, Math.max(1, Math.ceil(ms / 1000)), observer.signal);
    };
    const warmup = await run('warmup', plan.warmupMs, true);
    observer.onMeasuring();
    const measured = await run('measured', plan.durationMs, false);
    return {
      statuses: allStatuses(warmup, measured),
      claimed: null,
      unansweredMax: 2 * plan.connections,
      answers: measured.requests,
      seconds: measured.durationUs / 1e6,
      latencyMs: {
        p50: measured.p50 / 1000,
        p99: measured.p99 / 1000,
        p999: measured.p999 / 1000,
        max: measured.max / 1000,
      },
      errors: warmup.networkErrors + measured.networkErrors,
      burst: null,
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function allStatuses(warmup: Summary, measured: Summary): Record<string, number> {
  const statuses = { ...warmup.statuses };
  const refusals = Object.keys(statuses).filter((status) => Number(status) >= 400);
  const add = (status: string, count: number) => {
    if (count > 0) statuses[status] = (statuses[status] ?? 0) + count;
  };
  add('200', measured.requests - measured.refusals);
  // Of several kinds, or of one that the warm-up has not seen: no status that any scenario expects.
  add(refusals.length === 1 ? (refusals[0] as string) : 'unknown', measured.refusals);
  return statuses;
}

async function runScript(
  plan: LoadPlan,
  file: string,
  seconds: number,
  signal: AbortSignal,
): Promise<Summary> {
  signal.throwIfAborted();
  const child = spawn(
    'wrk',
    ['-t1', `-c${plan.connections}`, `-d${seconds}s`, '--timeout', '30s', '--latency', '-s', file, plan.url],
    { stdio: ['ignore', 'pipe', 'pipe'], signal, killSignal: 'SIGKILL' },
  );
  let output = '';
  child.stdout.on('data', (chunk) => (output += chunk));
  child.stderr.on('data', (chunk) => (output += chunk));
  const [code] = await once(child, 'close');
  const line = output.split('\n').find((line) => line.startsWith('{'));
  if (code !== 0 || !line) throw new Error(`wrk failed (${code}): ${output.trim()}`);
  return JSON.parse(line) as Summary;
}

function script({ traffic, url }: LoadPlan, name: string, countsStatuses: boolean): string {
  // Users of their own for each run.
  const named = { ...traffic, userPrefix: `${traffic.userPrefix}${name}-` };
  const [user, coupon, end] = claimParts(named, new URL(url).host).map((part) => JSON.stringify(part));
  return `
local n = -1
local format = string.format
function request()
  n = n + 1
  return ${user} .. format("%08d", ${traffic.users === null ? 'n' : `n % ${traffic.users}`}) .. ${coupon} .. format("%05d", n % ${traffic.coupons}) .. ${end}
end
${
  countsStatuses
    ? `
statuses = {}
function response(status)
  local key = tostring(status)
  statuses[key] = (statuses[key] or 0) + 1
end`
    : ''
}
local thread
function setup(first) thread = first end
function done(summary, latency)
  local errors = summary.errors
  local counts = {}
  for status, count in pairs(thread:get("statuses") or {}) do
    counts[#counts + 1] = format('"%s":%d', status, count)
  end
  print(format('{"requests":%d,"refusals":%d,"networkErrors":%d,"durationUs":%d,"p50":%d,"p99":%d,"p999":%d,"max":%d,"statuses":{%s}}',
    summary.requests, errors.status, errors.connect + errors.read + errors.write + errors.timeout, summary.duration,
    latency:percentile(50), latency:percentile(99), latency:percentile(99.9), latency.max, table.concat(counts, ",")))
end
`;
}
