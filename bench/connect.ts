import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { atLeast } from './options.js';
import { startDatabase } from './rig/database.js';
import { describeMachine, readCommit } from './rig/environment.js';
import { type Server, startServer } from './rig/servers.js';
import { abortOnSignal } from './rig/stop.js';

/**
 * The command: clients that connect at the same moment, and claim a sold-out coupon again and again. It tells
 * how long they wait for their first answers: those who are not accepted yet wait behind the others' claims.
 */

const { rounds, connections, seconds } = new Command('npm run bench:connect --')
  .description('Measures how long clients that connect at once wait for their first answers.')
  .option('--rounds <count>', 'how often', atLeast(1), 5)
  .option('--connections <count>', 'clients (default: 1,000, then 3,000)', atLeast(1))
  .option('--seconds <seconds>', 'how long they claim', atLeast(1), 15)
  .parse()
  .opts<{ rounds: number; connections?: number; seconds: number }>();

const signal = abortOnSignal();
const database = await startDatabase();
let server: Server | undefined;
try {
  server = await startServer('engine', database, database.folder, signal, { LOG_LEVEL: 'warn' });
  await database.sql`insert into coupons values ('sold-out', 1, 0)`;
  console.log(`${await readCommit()}; ${describeMachine()}`);
  console.log(`the first answers of clients that connect at once and claim for ${seconds} s, in ms\n`);
  for (const count of connections ? [connections] : [1_000, 3_000]) {
    for (let round = 0; round < rounds && !signal.aborted; round++) {
      console.log(`${count} clients: ${await measure(new URL(server.url), count)}`);
    }
  }
} catch (error) {
  process.exitCode = 1;
  if (!signal.aborted) console.error(error);
} finally {
  await server?.stop();
  await database.stop();
}

async function measure({ hostname, port }: URL, count: number): Promise<string> {
  const body = '{"user_id":"ada","coupon_name":"sold-out"}';
  const request = [
    'POST /api/coupons/claim HTTP/1.1',
    `Host: ${hostname}`,
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
  const firstMs: number[] = [];
  let answers = 0;
  const start = performance.now();
  const open = (): Socket => {
    const client = connect(Number(port), hostname);
    client.on('connect', () => client.write(request));
    client.once('data', () => firstMs.push(performance.now() - start));
    client.on('data', () => {
      answers++;
      client.write(request);
    });
    // It shows as a client without an answer, or as fewer answers.
    client.on('error', () => {});
    return client;
  };
  const clients = Array.from({ length: count }, open);
  await sleep(seconds * 1_000, undefined, { signal }).catch(() => {});
  await Promise.all(clients.map((client) => client.closed || once(client.destroy(), 'close')));
  // Those without an answer come last.
  const at = (share: number) => {
    const ms = firstMs[Math.ceil(share * count) - 1];
    return ms === undefined ? `more than ${seconds * 1_000}` : ms.toFixed(0);
  };
  const missing = count - firstMs.length;
  return (
    `half after ${at(0.5)}, 99 % after ${at(0.99)}, the last after ${at(1)}; ` +
    `${missing} without an answer; ${Math.round(answers / seconds)} answers/s`
  );
}
