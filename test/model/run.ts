import { parseArgs } from 'node:util';
import { startThrowAwayPostgres } from '../../db/embedded/throw-away.js';
import { inScope } from '../support/scope.js';
import { findFailure, repeat } from './find.js';
import { describeCounts, describeFound } from './report.js';
import { startServers } from './servers.js';

const HELP = `Plays random histories of all operations on two servers with a PostgreSQL of their own, and
compares their answers, the log and the tables with a model, until one differs.

  --runs N      how many histories (default 20000)
  --together N  how many at the same time (default 8)
  --seed S      repeats a run, as far as its races allow (default: random)
  --path P      plays only the history at this place of the seed, and makes it smaller`;

const PROGRESS_INTERVAL_MS = 30_000;

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '20000' },
    together: { type: 'string', default: '8' },
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    path: { type: 'string' },
    help: { type: 'boolean' },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit();
}
const [runs, together, seed] = [values.runs, values.together, values.seed].map(Number) as [
  number,
  number,
  number,
];
if (![runs, together, seed].every(Number.isSafeInteger) || runs < 1 || together < 1) {
  console.error('--runs, --together and --seed are whole numbers');
  process.exit(2);
}
const { path } = values;

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => interruption.abort());

const database = await startThrowAwayPostgres('coupons-model-', { fsync: 'off' });
process.env['TEST_DATABASE_URL'] = database.url;
try {
  await inScope(async (scope) => {
    const servers = await startServers(scope);
    const startedAt = performance.now();
    const seconds = () => Math.round((performance.now() - startedAt) / 1000);
    let nextProgressAt = startedAt + PROGRESS_INTERVAL_MS;
    const onHistory = (histories: number) => {
      if (performance.now() < nextProgressAt) return;
      nextProgressAt += PROGRESS_INTERVAL_MS;
      console.log(`${histories} histories in ${seconds()} s`);
    };
    console.log(path === undefined ? `${runs} histories, seed ${seed}` : `seed ${seed}, path ${path}`);
    const { signal } = interruption;
    const { histories, found } =
      path === undefined
        ? await findFailure(servers, { runs, seed, together, signal, onHistory })
        : { histories: 1, found: await repeat(servers, { seed, path }) };
    console.log(`${histories} histories in ${seconds()} s:\n${describeCounts(servers.counts)}`);
    if (found) console.log(`\n${describeFound(found)}`);
    else if (path !== undefined) console.log('\nThe history did not fail.');
    process.exitCode = found || signal.aborted ? 1 : 0;
  });
} finally {
  await database.stop();
}
