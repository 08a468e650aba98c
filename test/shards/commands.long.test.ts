import t, { type Test } from 'tap';
import { startApp } from '../support/app.js';
import { users } from '../support/crowd.js';
import { UNDIVIDED } from '../support/database.js';
import { readAll, replay } from '../support/events.js';
import { startService } from '../support/process.js';
import { createShards, namesInEach, startShardedApp } from '../support/sharded.js';
import { until } from '../support/until.js';
import { SECRET, startReceiver } from '../support/webhook.js';

async function run(t: Test, script: string, settings: Record<string, string>, ...operands: string[]) {
  const command = startService(t, settings, { script: `src/${script}.js`, operands });
  return { code: await command.exited(), lines: command.output, objects: command.log as object[] };
}

t.test(
  'shards:move moves a sale, the service goes on, and the audit proves the books of all shards',
  async (t) => {
    const app = await startApp(t, { shape: UNDIVIDED });
    await app.createCoupon('SUMMER', 5);
    await app.createCoupon('WINTER', 5);
    await app.claim('SUMMER', 'ada');
    const url = app.database.url;
    t.match(await run(t, 'move', { DATABASE_URL: url }), {
      code: 1,
      lines: ['invalid setting: DATABASE_SHARDS must be 2 or more'],
    });
    // Node.js warns of the eleventh listener.
    const settings = { DATABASE_URL: url, DATABASE_SHARDS: '12', DATABASE_CONNECTIONS_MAX: '20' };
    t.match(await run(t, 'move', settings, '--help'), { code: 0, lines: [/^usage: npm run shards:move/] });
    t.match(await run(t, 'move', settings, '--dry-run'), { code: 1, lines: [/Unknown option/] });
    t.match(await run(t, 'move', { ...settings, DATABASE_POOLER: 'true' }), {
      code: 1,
      lines: ['the move needs sessions of its own: set DATABASE_URL to PostgreSQL itself'],
    });
    t.match(await run(t, 'audit', settings), { code: 2, lines: [/npm run shards:move divides them/] });
    t.match(await run(t, 'server', settings), {
      code: 1,
      objects: [{ msg: /npm run shards:move divides them/ }],
    });
    const moved = await run(t, 'move', settings);
    t.equal(moved.code, 0);
    t.same(moved.lines, [
      'copied 2 rows of coupons',
      'copied 1 rows of claims',
      'copied 0 rows of released_claims',
      'copied 0 rows of dead_letters',
      'copied the log',
      'compared 2 coupons, 1 claims and 3 events: the shards have the same',
      'done: start the services with these settings. The schema before_shards has the old tables',
    ]);
    t.match(await run(t, 'move', settings), {
      code: 1,
      lines: [/^there is nothing to move: database 0 is divided into 12 shards already$/],
    });
    t.match(await run(t, 'audit', { DATABASE_URL: url }), { code: 2, lines: [/DATABASE_SHARDS must be 12/] });
    t.match(await run(t, 'relay', { DATABASE_URL: url }, 'dead'), {
      code: 1,
      lines: [/DATABASE_SHARDS must be 12/],
    });

    const service = await startService(t, settings).listening();
    t.same((await service.getCoupon('SUMMER')).claimed_by, ['ada']);
    t.equal((await service.claim('WINTER', 'ada')).status, 200);
    const audit = await run(t, 'audit', settings);
    t.equal(audit.code, 0);
    t.equal(audit.lines.length, 1);
    t.match(audit.lines, [/^the books balance: 2 coupons, 2 claims, 4 events in 12 shards, at /]);
    t.match(await run(t, 'migrate', settings), { code: 0, objects: [{ msg: 'no migration is pending' }] });
  },
);

t.test('a move that is stopped changes nothing', async (t) => {
  const app = await startApp(t, { shape: UNDIVIDED });
  await app.createCoupon('SUMMER', 5);
  const held = await app.sql.reserve();
  t.teardown(() => held.release());
  await held`begin`;
  await held`lock table coupons in row exclusive mode`;
  const settings = { DATABASE_URL: app.database.url, DATABASE_SHARDS: '4' };
  const move = startService(t, settings, { script: 'src/move.js' });
  await until('the wait for the lock', async () => {
    const waiting = await app.sql`
      select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
    return waiting.count > 0;
  });
  t.equal(await move.stop(), 1);
  t.same(move.output, ['the move was stopped: nothing was changed']);
  await held`commit`;
  t.equal((await app.claim('SUMMER', 'ada')).status, 200);
});

t.test(
  'relays of shards send each event once, in the order of its coupon, and name dead letters',
  async (t) => {
    const databases = await createShards(t, { shards: 4, databases: 2 });
    const app = await startShardedApp(t, databases);
    const receiver = await startReceiver(t);
    const names = namesInEach(databases, 2).flat();
    for (const name of names) await app.createCoupon(name, 10);
    await Promise.all(users(12).flatMap((user) => names.map((name) => app.claim(name, user))));
    const events = await readAll(app);
    receiver.answer = (event, response) =>
      response.writeHead(event.type === 'coupon.created' && event.subject === names[0] ? 500 : 204).end();
    const settings = {
      ...databases.settings,
      RELAY_URL: receiver.url,
      RELAY_SECRET: SECRET,
      RELAY_RETRY_MS: '5',
      RELAY_ATTEMPTS_MAX: '2',
      METRICS_PORT: '0',
    };
    const relays = [1, 2].map(() => startService(t, settings, { script: 'src/relay.js' }));
    await until(
      'all events',
      () => new Set(receiver.requests.map(({ event }) => event.id)).size === events.length,
    );
    const sent = receiver.requests.map(({ event }) => event);
    t.equal(sent.length, events.length + 1, 'each once, and the one that failed twice');
    t.same(
      replay(sent.filter(({ id }, i) => sent.findIndex((other) => other.id === id) === i)),
      replay(events),
    );
    for (const relay of relays) t.equal(await relay.stop(), 0);

    const dead = await run(t, 'relay', settings, 'dead');
    t.match(dead.objects, [{ shard: 0, id: 1, event: { subject: names[0] } }]);
    receiver.answer = (_event, response) => response.writeHead(204).end();
    t.match(await run(t, 'relay', settings, 'retry', '1/1'), {
      code: 1,
      lines: ['there is no dead letter 1/1'],
    });
    t.match(await run(t, 'relay', settings, 'retry', '0/1'), { code: 0, lines: [/^0\/1 .*: delivered$/] });
  },
);
