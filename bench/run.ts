import { mkdir, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join, relative } from 'node:path';
import { projectRoot } from '../db/project-root.js';
import { readOptions } from './options.js';
import { drawPage } from './report/page.js';
import type { Results } from './report/results.js';
import { describe } from './report/tables.js';
import { judge } from './report/verdicts.js';
import { describeMachine, readCommit } from './rig/environment.js';
import { type Bench, startBench } from './scenarios/bench.js';
import { runGrowth } from './scenarios/growth.js';
import { runLatency } from './scenarios/latency.js';
import { runOverload } from './scenarios/overload.js';
import { runRounds } from './scenarios/rounds.js';

/** The command: starts what it needs, measures, reports, and stops what it has started. */

const options = await readOptions();
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stopping.signal.aborted) return;
    console.error(`\n${signal}: stopping`);
    process.exitCode = 128 + constants.signals[signal];
    stopping.abort();
  });
}

let bench: Bench | undefined;
try {
  bench = await startBench(options, stopping.signal);
  const results = await run(bench);
  console.error(`Charts: ${await save(results)}\n`);
  console.log(describe(results));
} catch (error) {
  process.exitCode ??= 1;
  if (!stopping.signal.aborted) console.error(`\n${error}`);
}
await bench?.stop().catch((error) => console.error(`could not stop everything: ${error}`));
process.exit();

async function run(bench: Bench): Promise<Results> {
  const startedAt = new Date();
  const machine = describeMachine();
  await runRounds(bench);
  if (options.scenarios.includes('latency')) await runLatency(bench);
  if (options.scenarios.includes('overload') && bench.database) await runOverload(bench, bench.database);
  if (options.scenarios.includes('growth') && bench.database) await runGrowth(bench, bench.database);
  const { databaseUrl: _, ...shown } = options;
  return {
    startedAt: startedAt.toISOString(),
    tookMinutes: (Date.now() - startedAt.getTime()) / 60_000,
    machine,
    commit: await readCommit(),
    postgres: bench.database?.version ?? null,
    redis: bench.redis?.version ?? null,
    options: shown,
    measurements: bench.measurements,
    verdicts: options.quick ? [] : judge(bench.measurements, options.load),
  };
}

/** @returns the path of the page with the charts. */
async function save(results: Results): Promise<string> {
  const folder = join(projectRoot, 'bench', 'results');
  await mkdir(folder, { recursive: true });
  const name = join(folder, results.startedAt.slice(0, 19).replaceAll(':', '-'));
  await writeFile(`${name}.json`, `${JSON.stringify(results, null, 2)}\n`);
  await writeFile(`${name}.html`, await drawPage(results));
  return relative(process.cwd(), `${name}.html`);
}
