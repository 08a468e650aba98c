import { once } from 'node:events';
import t, { type Test } from 'tap';
import { createDatabase } from '../support/database.js';
import { lockAwaited, lockCoupon } from '../support/locks.js';
import { patience } from '../support/patience.js';
import { startService } from '../support/process.js';
import { openRawConnection } from '../support/raw-connection.js';
import { until } from '../support/until.js';

/** Starts a service and sends it a claim, which waits for the lock of its coupon until the release. */
async function startWithClaimInFlight(t: Test, settings: Record<string, string> = {}) {
  const { url, sql } = await createDatabase(t);
  const service = startService(t, { DATABASE_URL: url, ...patience, ...settings });
  const client = await service.listening();
  await client.createCoupon('SUMMER', 5);
  const release = await lockCoupon(t, sql, 'SUMMER');
  const answer = client.claim('SUMMER', 'ada');
  await lockAwaited(sql);
  return { sql, service, client, release, answer };
}

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  t.test(`${signal}, even twice: a request in flight gets its true answer, and exit code 0`, async (t) => {
    const { sql, service, client, release, answer } = await startWithClaimInFlight(t);
    // npm repeats the terminal's Ctrl-C at once.
    service.signal(signal);
    service.signal(signal);
    await service.logged('finishing requests in flight');
    await until('the end of new connections', () =>
      fetch(`${client.url}/health`).then(
        () => false,
        () => true,
      ),
    );
    await release();
    t.equal((await answer).status, 200);
    t.equal(await service.exited(), 0);
    t.same(await sql`select user_id from claims`, [{ user_id: 'ada' }]);
    t.notOk(service.log.some((line) => line.msg.includes('cutting off')));
    t.equal(service.log.at(-1)?.msg, 'stopped');
    t.equal(service.log.filter((line) => line.msg.startsWith(signal)).length, 1);
  });
}

t.test('a stop does not wait for connections that have not sent a byte', async (t) => {
  const { url } = await createDatabase(t);
  const service = startService(t, { DATABASE_URL: url, ...patience });
  const client = await service.listening();
  const silent = openRawConnection(client.url);
  await once(silent.socket, 'connect');
  t.equal((await client.request('GET', '/health')).status, 200);
  t.equal(await service.stop(), 0);
  t.same(await silent.closed(), []);
});

t.test('a repeated signal logs a line once a second has passed', async (t) => {
  const { service, release, answer } = await startWithClaimInFlight(t);
  await until('a line for a later signal', () => {
    service.signal('SIGINT');
    return service.log.some((line) => line.msg === 'SIGINT: still stopping, for at most 100000 ms');
  });
  await release();
  t.equal((await answer).status, 200);
  t.equal(await service.exited(), 0);
});

t.test(
  'a stop cuts off requests that do not finish within SHUTDOWN_TIMEOUT_MS, and the exit code is 0',
  async (t) => {
    const { service, release, answer } = await startWithClaimInFlight(t, { SHUTDOWN_TIMEOUT_MS: '200' });
    const cutOff = t.rejects(answer);
    service.signal('SIGTERM');
    await service.logged('cutting off requests that are in flight after 200 ms');
    await cutOff;
    await release();
    t.equal(await service.exited(), 0);
  },
);

t.test('a stop does not wait for the migrations of another server, and the exit code is 0', async (t) => {
  const { url, sql } = await createDatabase(t);
  const other = await sql.reserve();
  await other`begin`;
  await other`select pg_advisory_xact_lock(${0x636f75706f6e})`;
  const service = startService(t, { DATABASE_URL: url });
  await until('the service to wait for the lock', async () => {
    const [row] = await sql`select from pg_locks where locktype = 'advisory' and not granted`;
    return row !== undefined;
  });
  t.equal(await service.stop(), 0);
  t.notOk(service.log.some((line) => line.msg.includes('listening')));
  await other`rollback`;
  other.release();
});

t.test('LOG_LEVEL=debug logs one line per request, with the id of its response', async (t) => {
  const { url } = await createDatabase(t);
  const service = startService(t, { DATABASE_URL: url, LOG_LEVEL: 'debug' });
  const client = await service.listening();
  const ids: (string | null)[] = [];
  for (const path of ['/health', '/api/coupons/NONE', '/nowhere'])
    ids.push((await client.request('GET', path)).headers.get('x-request-id'));
  t.equal(await service.stop(), 0);
  t.match(
    service.log.filter((line) => 'reqId' in line),
    [
      { reqId: ids[0], method: 'GET', url: '/health', status: 200, ms: Number },
      { reqId: ids[1], method: 'GET', url: '/api/coupons/NONE', status: 404, ms: Number },
      { reqId: ids[2], method: 'GET', url: '/nowhere', status: 404, ms: Number },
    ],
  );
  t.equal(service.log.filter((line) => 'reqId' in line).length, 3);
});

t.test('by default a successful request logs no line, except a change by an administrator', async (t) => {
  const { url } = await createDatabase(t);
  const service = startService(t, { DATABASE_URL: url });
  const client = await service.listening();
  const lines = service.log.length;
  t.equal((await client.createCoupon('SUMMER', 5)).status, 201);
  t.equal((await client.claim('SUMMER', 'ada')).status, 200);
  t.equal(await service.stop(), 0);
  // On a slow machine, the summary of the traffic may come between these lines.
  const known = /^(try: curl|traffic of the last|SIGTERM|stopped)/;
  t.same(
    service.log
      .slice(lines)
      .map(({ msg }) => msg)
      .filter((msg) => !known.test(msg)),
    ['coupon created'],
  );
  t.equal(service.log.filter((line) => 'reqId' in line).length, 1);
});

t.test('on a terminal the log is text for people', async (t) => {
  const { url } = await createDatabase(t);
  const nodeArguments = ['--import', 'data:text/javascript,process.stdout.isTTY = true'];
  const service = startService(t, { DATABASE_URL: url }, { nodeArguments });
  await until('the service to listen', () => service.output.some((line) => /INFO.*listening on/.test(line)));
  t.equal(await service.stop(), 0);
  t.match(service.output.at(-1), 'stopped');
  t.same(service.log, []);
});
