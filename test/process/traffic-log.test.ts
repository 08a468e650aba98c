import t from 'tap';
import { createDatabase } from '../support/database.js';
import { startService } from '../support/process.js';

t.test('the log says how many answers had each status, at the latest when the service stops', async (t) => {
  const { url } = await createDatabase(t);
  const service = startService(t, { DATABASE_URL: url });
  const client = await service.listening();
  await client.createCoupon('A', 1);
  for (const user of ['ada', 'grace', 'alan']) await client.claim('A', user);
  t.equal(await service.stop(), 0);
  t.match(await service.logged('answers of the last'), { level: 30, answers: { 200: 1, 201: 1, 400: 2 } });
});

t.test('a service that nobody uses logs no traffic', async (t) => {
  const { url } = await createDatabase(t);
  const service = startService(t, { DATABASE_URL: url });
  await service.listening();
  t.equal(await service.stop(), 0);
  t.notOk(service.log.some((line) => line.msg.startsWith('answers')));
});
