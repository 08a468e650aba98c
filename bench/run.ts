import { mkdir, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join, relative } from 'node:path';
import { projectRoot } from '../db/project-root.js';
import { InvariantBroken } from './check/answers.js';
import { HELP, type Options, readOptions, UsageError } from './options.js';
import { drawPage } from './report/page.js';
import type { Results } from './report/results.js';
import { partsOf, toMarkdown } from './report/tables.js';
import { judge } from './report/verdicts.js';
import { build } from './rig/build.js';
import { describeMachine, readCommit } from './rig/environment.js';
import { attachBench, type Bench, startBench } from './scenarios/bench.js';
import { runGrowth } from './scenarios/growth.js';
import { runLatency } from './scenarios/latency.js';
import { runRounds } from './scenarios/rounds.js';

/** The command: starts what it needs, measures, reports, and stops what it has started. */

const options = await readOptionsOrExit();
const tell = (text: string) => void process.stderr.write(text);
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stopping.signal.aborted) return;
    tell(`\n${signal}: stopping\n`);
    process.exitCode = 128 + constants.signals[signal];
    stopping.abort();
  });
}

let bench: Bench | undefined;
try {
  tell('building\n');
  await build(stopping.signal);
  const shared = { options, signal: stopping.signal, tell };
  bench = options.url ? attachBench(options.url, shared) : await startBench(shared);
  const results = await run(bench);
  const page = await save(results);
  tell(`Charts: ${page}\n\n`);
  process.stdout.write(`${partsOf(results).map(toMarkdown).join('\n\n')}\n`);
} catch (error) {
  if (!stopping.signal.aborted) {
    process.exitCode = 1;
    const isWrong = error instanceof InvariantBroken;
    tell(
      isWrong ? `\nWRONG: ${error.message}\nThere are no figures, since none counts now.\n` : `\n${error}\n`,
    );
  }
}
await bench?.stop().catch((error) => tell(`could not stop everything: ${error}\n`));
process.exit();

async function run(bench: Bench): Promise<Results> {
  const startedAt = new Date();
  const machine = describeMachine();
  const measurements = await runRounds(bench);
  if (options.scenarios.includes('latency')) measurements.push(...(await runLatency(bench, measurements)));
  if (options.scenarios.includes('growth') && bench.database) {
    measurements.push(...(await runGrowth(bench, bench.database)));
  }
  return {
    startedAt: startedAt.toISOString(),
    tookMinutes: (Date.now() - startedAt.getTime()) / 60_000,
    machine,
    commit: await readCommit(),
    postgres: bench.database?.version ?? null,
    // The database's URL holds a password.
    options: { ...options, databaseUrl: null },
    measurements,
    verdicts: options.quick ? [] : judge(measurements, options.load),
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

async function readOptionsOrExit(): Promise<Options> {
  try {
    const options = await readOptions(process.argv.slice(2));
    if (options) return options;
    process.stdout.write(HELP);
    process.exit(0);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\nSee npm run bench -- --help\n`);
    process.exit(2);
  }
}
