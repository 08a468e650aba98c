import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { parse } from 'yaml';
import { freePort } from '../../db/embedded/free-port.js';
import { projectRoot } from '../../db/project-root.js';
import { type Client, createClient } from '../support/app.js';
import { createCompose, inspect, isThere, reasonToSkip, run } from '../support/compose.js';
import { until } from '../support/until.js';

t.setTimeout(1_800_000);

const { services } = parse(readFileSync(join(projectRoot, 'docker-compose.yml'), 'utf8'), { merge: true });
const { image } = services.balancer;
const skip = await reasonToSkip(image);
const BUYERS = 16;

t.test('two services behind the balancer', { skip }, async (t) => {
  const port = String(await freePort());
  const settings = { COMPOSE_PROFILES: 'balanced', BALANCER_PORT: port };
  const compose = await createCompose(t, { settings });
  await compose.run('up', '--detach', '--build', 'balancer');
  const url = `http://localhost:${port}`;
  const client = createClient(t, url);
  const isServed = () => status(url, '/health/ready').then((status) => status === 200);
  await until('the balancer', () => isThere(url), 60_000);
  await until('a service behind the balancer', isServed, 60_000);
  const containers = [await compose.container('api-1'), await compose.container('api-2')];

  await t.test('both services get requests, and the one without a balancer does not run', async (t) => {
    const askBoth = async () =>
      new Set(await Promise.all(Array.from({ length: 8 }, () => processOf(client))));
    t.ok(await until('answers of two processes', async () => (await askBoth()).size === 2, 60_000));
    t.equal(await compose.container('api'), '');
  });

  await t.test('a client cannot choose its address', async (t) => {
    const headers = { 'X-Forwarded-For': '203.0.113.9' };
    await client.request('POST', '/api/coupons', { body: { name: 'SUMMER', amount: 100_000 }, headers });
    const log = await compose.run('logs', 'api-1', 'api-2');
    const [, address] = /"address":"([^"]*)".*coupon created/.exec(log) ?? [];
    t.match(address, /^[\da-f.:]+$/);
    t.not(address, '203.0.113.9');
    // The address of the balancer itself would be the same for all clients.
    t.notOk((await addressesOf(await compose.container('balancer'))).includes(String(address)));
  });

  await t.test('a service that stops loses no request', async (t) => {
    const sale = startSale(url, 'stop');
    for (const container of containers) {
      await run('docker', ['stop', container]);
      await run('docker', ['start', container]);
      await until('both services', () => areBothReady(containers), 60_000);
    }
    const answers = await sale.end();
    t.same(Object.keys(answers), ['200'], JSON.stringify(answers));
  });

  await t.test('a claim whose service is killed is never sent to the other one', async (t) => {
    const sale = startSale(url, 'kill');
    for (const container of containers) {
      await run('docker', ['kill', '--signal', 'KILL', container]);
      await run('docker', ['start', container]);
      await until('both services', () => areBothReady(containers), 60_000);
    }
    // 409 would say: the claim was made by a request of which the client knows nothing. The balancer answers
    // with 502, or cuts the connection.
    const { 200: made = 0, ...others } = await sale.end();
    t.ok(made > 0, `${made} claims`);
    t.same(
      Object.keys(others).filter((status) => !['0', '502', '503'].includes(status)),
      [],
      JSON.stringify(others),
    );
  });

  await t.test('without any service, the answer is a 503 of the contract', async (t) => {
    await run('docker', ['stop', ...containers]);
    const answer = await client.claim('SUMMER', 'ada');
    t.equal(answer.status, 503);
    t.match(answer.json(), { code: 'database_unavailable' });
    t.equal(answer.headers.get('retry-after'), '1');
  });
});

const status = (url: string, path: string) =>
  fetch(url + path).then(
    async (response) => {
      await response.arrayBuffer();
      return response.status;
    },
    () => 0,
  );

/** The process that answered: its name is the first part of the request's id. */
async function processOf(client: Client): Promise<string | undefined> {
  const { headers } = await client.request('GET', '/api/coupons');
  return headers.get('x-request-id')?.split('-')[0];
}

async function addressesOf(container: string): Promise<string[]> {
  const networks = await inspect<Record<string, { IPAddress: string }>>(
    container,
    '.NetworkSettings.Networks',
  );
  return Object.values(networks).map(({ IPAddress }) => IPAddress);
}

async function areBothReady(containers: string[]): Promise<boolean> {
  const ask = `fetch('http://127.0.0.1:3000/health/ready').then((r) => process.exit(r.ok ? 0 : 1))`;
  const results = containers.map((container) =>
    run('docker', ['exec', container, 'node', '-e', ask]).then(
      () => true,
      () => false,
    ),
  );
  return (await Promise.all(results)).every((isReady) => isReady);
}

/** Buyers claim, each of them once, until the end. It returns how many got which status; 0 is none. */
function startSale(url: string, name: string): { end(): Promise<Record<string, number>> } {
  const answers: Record<string, number> = {};
  let isOver = false;
  let users = 0;
  const buyer = async () => {
    while (!isOver) {
      const body = JSON.stringify({ coupon_name: 'SUMMER', user_id: `${name}-${users++}` });
      const headers = { 'Content-Type': 'application/json' };
      const got = await fetch(`${url}/api/coupons/claim`, { method: 'POST', headers, body }).then(
        async (response) => {
          await response.text();
          return response.status;
        },
        () => 0,
      );
      answers[got] = (answers[got] ?? 0) + 1;
    }
  };
  const buyers = Array.from({ length: BUYERS }, buyer);
  return {
    async end() {
      isOver = true;
      await Promise.all(buyers);
      return answers;
    },
  };
}
