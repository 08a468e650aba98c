import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { createDatabase } from '../support/database.js';
import { type ServiceProcess, startService } from '../support/process.js';
import { until } from '../support/until.js';

t.setTimeout(120_000);

const CLIENTS = 20;

/** Clients that keep their connections alive and send one request after the other to any server that runs. */
function startClients(urls: () => string[]) {
  const seen = { answers: 0, failures: [] as string[] };
  let isOver = false;
  const runClient = async (number: number) => {
    for (let turn = number; !isOver; turn++) {
      const url = new URL(urls()[turn % urls().length] as string);
      await new Promise<void>((resolve) => {
        const socket = connect(Number(url.port), url.hostname);
        let isWaiting = false;
        let text = '';
        const send = () => {
          if (isOver) return socket.end();
          isWaiting = true;
          socket.write('GET /api/coupons/SUMMER HTTP/1.1\r\nHost: x\r\n\r\n');
        };
        socket.on('connect', send);
        socket.on('data', (chunk) => {
          text += chunk;
          if (!text.endsWith('}')) return;
          isWaiting = false;
          seen.answers++;
          const isLast = /\r\nconnection: close\r\n/i.test(text);
          text = '';
          if (isLast) socket.end();
          else send();
        });
        socket.on('error', (error: NodeJS.ErrnoException) => {
          // A server that is down refuses the connection: the client goes to the other one.
          if (error.code !== 'ECONNREFUSED') seen.failures.push(String(error.code));
        });
        socket.on('close', () => {
          if (isWaiting && !seen.failures.length) seen.failures.push('closed without an answer');
          resolve();
        });
      });
    }
  };
  const all = Promise.all(Array.from({ length: CLIENTS }, (_, number) => runClient(number)));
  const stop = () => {
    isOver = true;
    return all;
  };
  return { seen, stop };
}

t.test('two servers restart in turn under load: no request over a kept-alive connection fails', async (t) => {
  const { url, sql } = await createDatabase(t);
  await sql`insert into coupons values ('SUMMER', 5, 5)`;
  const start = async (t: Test) => {
    const service = startService(t, { DATABASE_URL: url, SHUTDOWN_DELAY_MS: '500' });
    return { service, url: (await service.listening()).url };
  };
  const running: { service: ServiceProcess; url: string }[] = [await start(t), await start(t)];
  const { seen, stop } = startClients(() => running.map(({ url }) => url));
  for (let restart = 0; restart < 2; restart++) {
    const before = seen.answers;
    await until('more answers', () => seen.answers > before + 200);
    const [old] = running.splice(0, 1);
    t.equal(await old?.service.stop(), 0);
    running.push(await start(t));
  }
  await stop();
  t.same(seen.failures, []);
  t.ok(seen.answers > 400);
});

t.test(
  'no request fails while two servers restart in turn behind a balancer that polls /health/ready',
  async (t) => {
    const { url, sql } = await createDatabase(t);
    await sql`insert into coupons values ('SUMMER', 5, 5)`;
    const servers = new Set<string>();
    const start = async () => {
      const service = startService(t, { DATABASE_URL: url, SHUTDOWN_DELAY_MS: '1000' });
      const own = (await service.listening()).url;
      servers.add(own);
      return { service, url: own };
    };
    const running = [await start(), await start()];
    let isOver = false;
    // As balancers do, it asks now and then, and believes the last answer.
    let ready = [...servers];
    const watch = async () => {
      while (!isOver) {
        const asked = [...servers].map(async (server) => {
          const answer = await fetch(`${server}/health/ready`, { headers: { connection: 'close' } }).catch(
            () => null,
          );
          return answer?.ok ? [server] : [];
        });
        ready = (await Promise.all(asked)).flat();
        await sleep(100);
      }
    };
    const failures: string[] = [];
    let answers = 0;
    // Each request has a connection of its own.
    const runClient = async (number: number) => {
      for (let turn = number; !isOver; turn++) {
        const server = ready[turn % ready.length]!;
        const answer = await fetch(`${server}/api/coupons/SUMMER`, {
          headers: { connection: 'close' },
        }).catch((error) => ({ status: String(error.cause?.code ?? error) }));
        if (answer.status === 200) answers++;
        else failures.push(`${answer.status}`);
      }
    };
    const all = [watch(), ...Array.from({ length: CLIENTS }, (_, number) => runClient(number))];
    for (let restart = 0; restart < 2; restart++) {
      const before = answers;
      await until('more answers', () => answers > before + 100);
      const old = running.shift()!;
      t.equal(await old.service.stop(), 0);
      servers.delete(old.url);
      running.push(await start());
      await until('the new one is ready', () => ready.length === 2);
    }
    isOver = true;
    await Promise.all(all);
    t.same(failures, []);
    t.ok(answers > 200);
  },
);

t.test('a service that stops is not ready, and serves those who come anew meanwhile', async (t) => {
  const { url } = await createDatabase(t);
  const service = startService(t, { DATABASE_URL: url, SHUTDOWN_DELAY_MS: '2000' });
  const client = await service.listening();
  t.equal((await client.request('GET', '/health/ready')).status, 200);
  service.signal('SIGTERM');
  await service.logged('finishing requests in flight');
  const ready = await client.request('GET', '/health/ready');
  t.equal(ready.status, 503);
  t.same(ready.json(), { status: 'not_ready', error: 'the service is stopping' });
  t.equal((await client.request('GET', '/health/live')).status, 200);
  t.equal((await client.request('GET', '/health')).status, 200);
  await client.createCoupon('LATE', 1);
  t.equal((await client.claim('LATE', 'ada')).status, 200);
  t.equal(await service.exited(), 0);
});
