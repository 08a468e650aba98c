import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import type { Browser, Page } from 'playwright-core';
import type { Sql } from 'postgres';
import { projectRoot } from '../db/project-root.js';
import { launchBrowser } from '../test/support/browser.js';
import { atLeast } from './options.js';
import { startDatabase } from './rig/database.js';
import { describeMachine, readCommit } from './rig/environment.js';
import { startServer } from './rig/servers.js';
import { abortOnSignal } from './rig/stop.js';

/**
 * The command: how smoothly a browser draws the console while claims come in. One machine with two cores
 * makes no 20,000 claims/s beside a browser, so the events are written to the log, and no claims. From there
 * on all is as in a sale: the service, its stream, and the page.
 */

const COUPON = 'NOON';
const AMOUNT = 1_000_000_000;
const WRITES_PER_SECOND = 20;
const CLAIMS_PER_EVENT = 250;
const MEASURED_PAGE = `(() => {
  const frames = (globalThis.frames_ = []);
  let last = performance.now();
  requestAnimationFrame(function next() {
    const now = performance.now();
    frames.push(now - last);
    last = now;
    requestAnimationFrame(next);
  });
})()`;

const command = new Command('npm run bench:console --')
  .description('Measures how smoothly a browser draws the console while claims come in.')
  .option('--seconds <seconds>', 'how long to measure', atLeast(1), 15)
  .option('--rate <claims>', 'claims per second, in steps of 5,000', atLeast(5_000), 20_000)
  .parse();
const { seconds, rate } = command.opts<{ seconds: number; rate: number }>();

const signal = abortOnSignal();
const database = await startDatabase();
try {
  const program = join(projectRoot, 'dist/src/server.js');
  const server = await startServer('engine', database, database.folder, signal, {}, program);
  let browser: Browser | undefined;
  try {
    browser = await launchBrowser();
    await database.sql`insert into coupons (name, amount, remaining_amount)
      values (${COUPON}, ${AMOUNT}, ${AMOUNT})`;
    const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
    await page.goto(`${server.url}/console#/${COUPON}`);
    await page.waitForSelector('#coupon-title');
    console.log(`${await readCommit()}; ${describeMachine()}`);
    console.log(await measure(page, database.sql));
  } finally {
    await browser?.close();
    await server.stop();
  }
} catch (error) {
  process.exitCode = 1;
  if (!signal.aborted) console.error(error);
} finally {
  await database.stop();
}
process.exit();

async function measure(page: Page, sql: Sql): Promise<string> {
  await page.evaluate(MEASURED_PAGE);
  const startedAt = performance.now();
  const events = rate / WRITES_PER_SECOND / CLAIMS_PER_EVENT;
  const writes = seconds * WRITES_PER_SECOND;
  for (let i = 0; i < writes; i++) {
    await writeClaims(sql, i * events, events);
    const dueInMs = startedAt + ((i + 1) * 1_000) / WRITES_PER_SECOND - performance.now();
    if (dueInMs > 0) await sleep(dueInMs, undefined, { signal });
  }
  const written = writes * events * CLAIMS_PER_EVENT;
  const perSecond = Math.round((written / (performance.now() - startedAt)) * 1_000);
  // The newest claim stands in the list of the latest ones: nothing is held up on the way.
  await page.getByText(`user-${written}`, { exact: true }).waitFor({ timeout: 5_000 });
  const lateMs = performance.now() - startedAt - seconds * 1_000;
  const frames = ((await page.evaluate('frames_')) as number[]).sort((a, b) => a - b);
  const at = (share: number) => frames[Math.ceil(frames.length * share) - 1]!.toFixed(1);
  const heap = (await page.evaluate('performance.memory.usedJSHeapSize / 1e6')) as number;
  return [
    `${written} claims, ${perSecond}/s; the last one was shown ${lateMs.toFixed(0)} ms after the end`,
    `${frames.length} frames, in ms: median ${at(0.5)}, 95 % within ${at(0.95)}, 99 % within ${at(0.99)}, worst ${at(1)}`,
    `heap ${heap.toFixed(0)} MB`,
  ].join('\n');
}

/** Writes events as the service does for batches of claims. Users are numbered from 1. */
async function writeClaims(sql: Sql, first: number, count: number): Promise<void> {
  await sql`
    insert into events (type, coupon_names, user_ids, claim_numbers)
    select 'claim.made', array_fill(${COUPON}::text, array[${CLAIMS_PER_EVENT}::int]),
      array_agg('user-' || number), array_agg(number)
    from generate_series(0, ${count - 1}::int) event,
      lateral (select (${first}::bigint + event) * ${CLAIMS_PER_EVENT}::int + i as number
        from generate_series(1, ${CLAIMS_PER_EVENT}::int) i) numbers
    group by event order by event`;
}
