import t from 'tap';
import { createDatabase } from '../support/database.js';
import { type LogLine, startService } from '../support/process.js';

interface ClaimsSummary {
  batches: number;
  meanSize: number;
  waitMsMax: number;
  waiting: number;
}

t.test('the service logs how many answers had each status, at the latest when it stops', async (t) => {
  const { url } = await createDatabase(t);
  const service = startService(t, { DATABASE_URL: url });
  const client = await service.listening();
  await client.createCoupon('A', 1);
  for (const user of ['ada', 'grace', 'alan', 'ada', '']) await client.claim('A', user);
  await client.request('GET', '/nowhere');
  await client.request('GET', '/health');
  t.equal(await service.stop(), 0);
  // A slow machine may need more than one summary for these answers.
  const summaries = service.log.filter(({ msg }) => msg.startsWith('traffic of the last'));
  t.ok(summaries.every(({ level }) => level === 30));
  const claims = summaries.flatMap(({ claims }) => (claims ? [claims as ClaimsSummary] : []));
  const totals = (member: 'answers' | 'errors' | 'outcomes') => {
    const sums: Record<string, number> = {};
    for (const summary of member === 'outcomes' ? claims : summaries) {
      for (const [name, count] of Object.entries((summary as LogLine)[member] as Record<string, number>)) {
        sums[name] = (sums[name] ?? 0) + count;
      }
    }
    return sums;
  };
  t.same(totals('answers'), { 200: 1, 201: 1, 400: 3, 404: 1, 409: 1 });
  t.same(totals('errors'), {
    out_of_stock: 2,
    already_claimed: 1,
    invalid_request: 1,
    path_not_found: 1,
  });
  t.same(totals('outcomes'), { claimed: 1, already_claimed: 1, out_of_stock: 2 });
  t.equal(
    claims.reduce((sum, { batches, meanSize }) => sum + batches * meanSize, 0),
    4,
  );
  t.ok(claims.every(({ waiting, waitMsMax }) => waiting === 0 && waitMsMax >= 0));
  const times = summaries.flatMap(({ claimMs }) =>
    claimMs ? [claimMs as { p50: number; p99: number }] : [],
  );
  t.ok(times.length > 0 && times.every(({ p50, p99 }) => 0 < p50 && p50 <= p99 && p99 < 60_000));
});

t.test('an idle service logs no traffic', async (t) => {
  const { url } = await createDatabase(t);
  const service = startService(t, { DATABASE_URL: url });
  const client = await service.listening();
  await client.request('GET', '/health');
  t.equal(await service.stop(), 0);
  t.notOk(service.log.some((line) => line.msg.startsWith('traffic')));
});
