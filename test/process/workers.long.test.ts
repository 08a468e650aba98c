import t from 'tap';
import { isAlive } from '../../db/embedded/postmaster.js';
import { countStatuses } from '../support/app.js';
import { assertBooksBalance } from '../support/books.js';
import { users } from '../support/crowd.js';
import { createDatabase } from '../support/database.js';
import { startService } from '../support/process.js';
import { takePort } from '../support/taken-port.js';
import { until } from '../support/until.js';

t.test(
  'workers share a port and a stock, a dead one is replaced, and all stop with exit code 0',
  async (t) => {
    const { url, sql } = await createDatabase(t);
    const service = startService(t, { DATABASE_URL: url, WEB_CONCURRENCY: '2' });
    const client = await service.listening();
    const listeners = () =>
      new Set(
        service.log.filter((line) => line.msg.startsWith('listening')).map((line) => Number(line['pid'])),
      );
    await until('two listening workers', () => listeners().size === 2);
    const [victim = 0, ...others] = listeners();

    await client.createCoupon('A', 50);
    const claims = users(200).map((user) => client.claim('A', user));
    t.same(countStatuses(await Promise.all(claims)), { 200: 50, 400: 150 });
    await assertBooksBalance(t, sql);

    process.kill(victim, 'SIGKILL');
    t.match(await service.logged('died'), {
      level: 50,
      msg: `worker ${victim} died (SIGKILL): starting another`,
    });
    await until('a third listening worker', () => listeners().size === 3);
    t.equal((await client.request('GET', '/health')).status, 200);

    t.equal(await service.stop('SIGTERM'), 0);
    t.notOk([victim, ...others, ...listeners()].some(isAlive), 'no process is left');
  },
);

t.test('exit code 1: workers that cannot start are not restarted', async (t) => {
  const { url } = await createDatabase(t);
  const port = await takePort(t);
  const service = startService(t, { DATABASE_URL: url, WEB_CONCURRENCY: '2', PORT: String(port) });
  t.equal(await service.exited(), 1);
  t.match(await service.logged('could not start'), { level: 60 });
});
