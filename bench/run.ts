import { mkdir, writeFile } from 'node:fs/promises';
import { constants } from 'node:os';
import { join, relative } from 'node:path';
import postgres from 'postgres';
import { projectRoot } from '../db/project-root.js';
import { BooksWrong, booksInDatabase, booksOverHttp } from './books.js';
import { build } from './build.js';
import { type OwnDatabase, startDatabase } from './database.js';
import { OTHER_FILES, openFilesMax, readEnvironment } from './environment.js';
import { runGrowth } from './growth.js';
import { runLatency } from './latency.js';
import type { Bench } from './measure.js';
import { HELP, type Options, readOptions, UsageError } from './options.js';
import { drawPage } from './page.js';
import { Progress } from './progress.js';
import { type Results, tables } from './report.js';
import { runRounds } from './scenarios.js';
import { type Server, type ServerKind, startServer } from './servers.js';
import { judge } from './verdicts.js';
import { hasWrk } from './wrk.js';

/** The command: what is needed is started, measured, checked, reported, and stopped in the reverse order. */

const options = await readOptionsOrExit();
const progress = new Progress();
const stopping = new AbortController();
/** What has been started, to be stopped in the reverse order. */
const stops: (() => Promise<void>)[] = [];

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => {
    if (stopping.signal.aborted) return;
    progress.tell(`${signal}: stopping what was started`);
    process.exitCode = 128 + constants.signals[signal];
    stopping.abort();
  });
}

try {
  const results = await run();
  const file = await save(results);
  process.stdout.write(`\n${tables(results)}\n\nCharts: ${file}\n`);
} catch (error) {
  if (!stopping.signal.aborted) {
    process.exitCode = 1;
    const isWrong = error instanceof BooksWrong;
    progress.tell(
      isWrong
        ? `\nWRONG: ${error.message}\nThere are no figures: where a claim is wrong, none counts.`
        : String(error),
    );
  }
}
for (const stop of stops.reverse()) {
  await stop().catch((error) => progress.tell(`could not stop everything: ${error}`));
}
process.exit();

async function run(): Promise<Results> {
  const startedAt = new Date();
  const { databaseUrl: _secret, ...told } = options;
  progress.tell('building');
  await build(stopping.signal);
  const database = options.url ? null : await startOwnDatabase();
  const environment = await readEnvironment(database?.version ?? null);
  const bench = database ? benchOn(database) : benchAt(options.url as string);
  const rounds = await runRounds(bench);
  const latency = options.scenarios.includes('latency') ? await runLatency(bench, rounds) : null;
  const growth = database && options.scenarios.includes('growth') ? await runGrowth(bench, database) : null;
  return {
    startedAt: startedAt.toISOString(),
    tookSeconds: (Date.now() - startedAt.getTime()) / 1000,
    environment,
    options: told,
    rounds,
    latency,
    growth,
    verdicts: judge(options.load, rounds, latency, growth),
  };
}

async function startOwnDatabase(): Promise<OwnDatabase> {
  progress.tell('starting PostgreSQL');
  const database = await startDatabase((line) => progress.tell(line));
  stops.push(() => database.stop());
  return database;
}

/** Measures servers of our own, each started when it is first asked for. */
function benchOn(database: OwnDatabase): Bench {
  const servers = new Map<ServerKind, Server>();
  return {
    options,
    signal: stopping.signal,
    progress,
    database,
    books: booksInDatabase(database.sql),
    async server(kind) {
      const running = servers.get(kind);
      if (running) return running;
      const server = await startServer(kind, database.url, database.folder, stopping.signal);
      stops.push(() => server.stop());
      servers.set(kind, server);
      return server;
    },
  };
}

/** Measures a server that is there. */
function benchAt(url: string): Bench {
  const target: Server = { kind: 'engine', url, async stop() {} };
  const sql = options.databaseUrl ? postgres(options.databaseUrl, { max: 2, onnotice: () => {} }) : undefined;
  if (sql) stops.push(() => sql.end({ timeout: 1 }));
  const books = sql ? booksInDatabase(sql) : booksOverHttp(url);
  return { options, signal: stopping.signal, progress, database: null, books, server: async () => target };
}

/** @returns the name of the page with the charts. */
async function save(results: Results): Promise<string> {
  const folder = join(projectRoot, 'bench', 'results');
  await mkdir(folder, { recursive: true });
  const name = join(folder, results.startedAt.slice(0, 19).replaceAll(':', '-'));
  await writeFile(`${name}.json`, `${JSON.stringify(results, undefined, 2)}\n`);
  await writeFile(`${name}.html`, drawPage(results));
  return relative(process.cwd(), `${name}.html`);
}

async function readOptionsOrExit(): Promise<Options> {
  try {
    const options = readOptions(process.argv.slice(2));
    if (!options) {
      process.stdout.write(HELP);
      process.exit(0);
    }
    if (options.load === 'wrk' && !(await hasWrk()))
      throw new UsageError('--load wrk: wrk is not on the PATH');
    const filesMax = await openFilesMax();
    if (filesMax !== null && (options.connections ?? 0) + OTHER_FILES > filesMax) {
      throw new UsageError(
        `--connections ${options.connections}: a process may have ${filesMax} files open (ulimit -n)`,
      );
    }
    return options;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    process.stderr.write(`${error.message}\nSee npm run bench -- --help\n`);
    process.exit(2);
  }
}
