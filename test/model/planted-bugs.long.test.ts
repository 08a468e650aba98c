import t from 'tap';
import { type Bug, bugs } from './bugs.js';
import { findFailure, repeat } from './find.js';
import { describeFound } from './report.js';
import { startServers } from './servers.js';

/** The histories are tested themselves: a service with a bug is found out. */

const SEARCH = { runs: 400, seed: 1, together: 8 };

const servers = await startServers(t);

for (const [title, bug] of Object.entries<Bug>(bugs)) {
  t.test(`found: ${title}`, async (t) => {
    const { plant, inspect, found: expected } = bug;
    const target = inspect ? await startServers(t, { inspect, beside: servers.apps[0]! }) : servers;
    await plant?.(servers.sql);
    const { histories, found } = await findFailure(target, { ...SEARCH, shrinks: false });
    await servers.sql`drop function if exists bug() cascade`;
    t.comment(`after ${histories} histories`);
    t.match(found?.failure.message, expected);
  });
}

t.test('the seed and the path of a failure find it again, and it is made small', async (t) => {
  await bugs['a release does not give the unit back'].plant(servers.sql);
  t.teardown(() => servers.sql`drop function bug() cascade`);
  const { found } = await findFailure(servers, { ...SEARCH, together: 1, shrinks: false });
  const again = found && (await repeat(servers, found));
  if (!again) return t.fail('nothing was found');
  t.ok(again.failure.story.length <= 4, again.failure.story.join('\n'));
  t.match(describeFound(again), `npm run test:model -- --seed ${found.seed} --path ${found.path}`);
});
