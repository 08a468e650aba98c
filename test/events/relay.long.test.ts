import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { readConfig } from '../../src/config.js';
import { readSecrets } from '../../src/relay/secrets.js';
import { retryAfterMs } from '../../src/relay/webhook.js';
import { startApp, type TestApp } from '../support/app.js';
import { users } from '../support/crowd.js';
import { createDatabase } from '../support/database.js';
import { inWords, readAll } from '../support/events.js';
import { temporaryFolder } from '../support/own-postgres.js';
import { type ServiceProcess, startService } from '../support/process.js';
import { startProxy } from '../support/proxy.js';
import { until } from '../support/until.js';
import { type Receiver, SECRET, startReceiver } from '../support/webhook.js';

const relay = { script: 'src/relay.js' };

function settingsFor({ database }: Pick<TestApp, 'database'>, { url }: Receiver, settings = {}) {
  const defaults = { RELAY_URL: url, RELAY_SECRET: SECRET, RELAY_RETRY_MS: '5', RELAY_TIMEOUT_MS: '60000' };
  return { DATABASE_URL: database.url, ...defaults, ...settings };
}

/** Runs a command of the operator. Its output are the lines that are no JSON objects, and those that are. */
async function operate(t: Test, settings: Record<string, string>, ...operands: string[]) {
  const command = startService(t, settings, { script: relay.script, operands });
  return { code: await command.exited(), lines: command.output, objects: command.log as object[] };
}

const ids = (receiver: Receiver) => receiver.requests.map(({ event }) => event.id);
const placeOf = async ({ sql }: TestApp) => {
  const [row] = await sql<{ id: number }[]>`select row_id::int as id from relay`;
  return row?.id ?? -1;
};

t.test('the relay sends every event, signed, in order, and then those that come', async (t) => {
  const app = await startApp(t);
  const receiver = await startReceiver(t);
  await app.createCoupon('SUMMER', 100);
  await Promise.all(users(60).map((user) => app.claim('SUMMER', user)));
  const process = startService(t, settingsFor(app, receiver), relay);
  await until('all events', () => receiver.requests.length === 61);
  await app.createCoupon('🎟 "quoted"', 100);
  await until('the new one', () => receiver.requests.length === 62);
  const all = await readAll(app);
  t.same(
    receiver.requests.map(({ event }) => event),
    all,
  );
  for (const { event, headers, isSigned } of receiver.requests) {
    if (!isSigned) t.fail('the signature is wrong', { headers });
    if (headers['webhook-id'] !== event.id) t.fail('the id is wrong', { headers });
  }
  t.match(receiver.requests[0]?.headers, {
    'content-type': 'application/cloudevents+json',
    'webhook-timestamp': /^\d{10}$/,
  });
  t.equal(await process.stop(), 0);
  t.equal(process.log.at(-1)?.msg, 'stopped');
  t.equal(await placeOf(app), Number(all.at(-1)?.id.split('-')[2]), 'the place is saved');

  const second = startService(t, settingsFor(app, receiver), relay);
  await second.logged('this relay is active');
  await app.createCoupon('LAST', 1);
  await until('the last one', () => receiver.requests.length === 63);
  t.equal(
    inWords(receiver.requests.at(-1)!.event),
    'coupon.created LAST',
    'nothing is sent twice after a stop',
  );
  t.equal(await second.stop('SIGINT'), 0);
});

t.test('the place is saved before an event that fails is waited for', async (t) => {
  const app = await startApp(t);
  const receiver = await startReceiver(t);
  for (const name of ['A', 'B', 'C']) await app.createCoupon(name, 1);
  receiver.answer = ({ subject }, response) => {
    response.writeHead(subject === 'C' ? 503 : 200, { 'Retry-After': '600' }).end();
  };
  const process = startService(t, settingsFor(app, receiver), relay);
  await process.logged('an event was not delivered');
  const [, { id = '' } = {}] = await readAll(app);
  await until('the place', async () => (await placeOf(app)) === Number(id.split('-')[2]));
  t.equal(await process.stop(), 0);
});

t.test('an event that fails is sent again, and those behind it wait for it', async (t) => {
  const app = await startApp(t);
  const receiver = await startReceiver(t);
  for (const name of ['A', 'B', 'C']) await app.createCoupon(name, 1);
  const failures: ((response: Parameters<Receiver['answer']>[1]) => void)[] = [
    (response) => response.writeHead(500).end('no'),
    (response) => response.writeHead(302, { Location: '/elsewhere' }).end(),
    (response) => response.writeHead(503, { 'Retry-After': '1' }).end(),
    (response) => response.destroy(),
    () => {}, // never answers
  ];
  let attempts = 0;
  receiver.answer = ({ subject }, response) => {
    const fail = subject === 'B' ? failures[attempts++] : undefined;
    if (fail) fail(response);
    else response.writeHead(200).end('{}');
  };
  const process = startService(t, settingsFor(app, receiver, { RELAY_TIMEOUT_MS: '500' }), relay);
  await until('all events', () => ids(receiver).length === 8);
  t.same(
    receiver.requests.map(({ event }) => event.subject),
    ['A', 'B', 'B', 'B', 'B', 'B', 'B', 'C'],
  );
  const [, , , third, fourth] = receiver.requests;
  t.ok(fourth!.at - third!.at >= 990, 'Retry-After is honoured');
  t.same(
    process.log.flatMap(({ msg, error }) => (msg.includes('trying again') ? [error] : [])),
    ['HTTP 500', 'HTTP 302', 'HTTP 503', 'UND_ERR_SOCKET', 'no answer within 500 ms'],
  );
  t.equal(await process.stop(), 0);
  t.same(await app.sql`select from dead_letters`, []);
});

t.test(
  'an event that fails too often becomes a dead letter: the queue goes on, and the operator retries',
  async (t) => {
    const app = await startApp(t);
    const receiver = await startReceiver(t);
    for (const name of ['A', 'BAD', 'WORSE', 'C']) await app.createCoupon(name, 1);
    receiver.answer = ({ subject }, response) => response.writeHead(subject.length > 1 ? 400 : 204).end();
    const settings = settingsFor(app, receiver, { RELAY_ATTEMPTS_MAX: '3' });
    const process = startService(t, settings, relay);
    await until('the end', () => receiver.requests.at(-1)?.event.subject === 'C');
    t.equal(receiver.requests.length, 8);
    t.equal(await process.stop(), 0);

    const listed = await operate(t, { DATABASE_URL: app.database.url }, 'dead');
    t.equal(listed.code, 0);
    t.match(listed.objects, [
      { id: 1, event: { subject: 'BAD' }, attempts: 3, error: 'HTTP 400', failed_at: /Z$/ },
      { id: 2, event: { subject: 'WORSE' }, attempts: 3, error: 'HTTP 400' },
    ]);
    const failed = await operate(t, settings, 'retry', 'all');
    t.equal(failed.code, 1);
    t.match(failed.lines, [/^1 1-\w+-2-0: HTTP 400$/, /^2 .*: HTTP 400$/]);
    t.match(await app.sql`select attempts from dead_letters`, [{ attempts: 4 }, { attempts: 4 }]);
    receiver.answer = (_event, response) => response.writeHead(204).end();
    const retried = await operate(t, settings, 'retry', '2');
    t.equal(retried.code, 0);
    t.match(retried.lines, [/^2 .*: delivered$/]);
    t.equal(receiver.requests.at(-1)?.event.subject, 'WORSE');
    t.ok(receiver.requests.at(-1)?.isSigned);
    const none = await operate(t, settings, 'retry', '2');
    t.equal(none.code, 1);
    t.same(none.lines, ['there is no dead letter 2']);
    t.equal((await operate(t, settings, 'retry', 'all')).code, 0);
    t.same((await operate(t, settings, 'dead')).objects, []);
  },
);

/** Starts relays, and returns those that are active, and those that are not. */
async function startRelays(t: Test, count: number, settings: Record<string, string>) {
  const relays: ServiceProcess[] = [];
  for (let i = 0; i < count; i++) relays.push(startService(t, settings, relay));
  const isActive = ({ log }: ServiceProcess) => log.some(({ msg }) => msg === 'this relay is active');
  for (const each of relays) await each.logged('competing');
  await until('an active relay', () => relays.some(isActive));
  return { active: () => relays.filter(isActive), others: () => relays.filter((each) => !isActive(each)) };
}

t.test(
  'of several relays one is active; after its kill -9 another goes on, and nothing is lost',
  async (t) => {
    const app = await startApp(t);
    const receiver = await startReceiver(t);
    await app.createCoupon('SUMMER', 1000);
    const { active, others } = await startRelays(t, 3, settingsFor(app, receiver));
    await Promise.all(users(200).map((user) => app.claim('SUMMER', user)));
    await until('some events', () => receiver.requests.length > 100);
    t.equal(active().length, 1);
    const [first] = active();
    t.equal(await first!.stop('SIGKILL'), 'SIGKILL');
    await app.claim('SUMMER', 'last');
    await until('the last event', () =>
      receiver.requests.some(({ event }) => inWords(event).endsWith(' last')),
    );
    t.equal(others().length, 1);
    const all = (await readAll(app)).map(({ id }) => id);
    const sent = ids(receiver);
    t.same([...new Set(sent)], all, 'each for the first time in order, and none is missing');
    t.comment(`${sent.length - all.length} were sent twice`);
  },
);

t.test('a relay that loses the connection with its lock stops at once, and competes again', async (t) => {
  const app = await startApp(t);
  const receiver = await startReceiver(t);
  const proxy = await startProxy(t, app.database.url);
  let hanging = 0;
  receiver.answer = (_event, response) => {
    hanging++;
    response.once('close', () => hanging--);
  };
  const settings = settingsFor(app, receiver);
  const process = startService(
    t,
    { ...settings, DATABASE_URL: proxy.url, STATEMENT_TIMEOUT_MS: '2000' },
    relay,
  );
  await process.logged('this relay is active');
  await app.createCoupon('A', 1);
  await until('a request', () => hanging === 1);
  // The connection stays open, and nothing comes over it.
  proxy.hold(true);
  await until('the end of the request', () => hanging === 0);
  receiver.answer = (_event, response) => response.writeHead(204).end();
  const before = receiver.requests.length;
  await app.createCoupon('B', 1);
  const sessions = await app.sql`
    select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and database =
      (select oid from pg_database where datname = current_database())`;
  t.equal(sessions.length, 1);
  const other = startService(t, settings, relay);
  await until('both events', () => receiver.requests.length === before + 2);
  proxy.hold(false);
  t.equal(await other.stop(), 0);
  await app.createCoupon('C', 1);
  await until('the third event', () => receiver.requests.length === before + 3);
  t.same(
    receiver.requests.map(({ event }) => event.subject),
    ['A', 'A', 'B', 'C'],
  );
  t.equal(await process.stop(), 0);
  t.ok(process.log.some(({ msg }) => msg.startsWith('lost the lock')));
});

t.test('the relay waits for the tables, and for a database that comes later', async (t) => {
  const app = await startApp(t);
  const receiver = await startReceiver(t);
  const proxy = await startProxy(t, app.database.url);
  await proxy.close();
  const process = startService(t, { ...settingsFor(app, receiver), DATABASE_URL: proxy.url }, relay);
  await process.logged('waiting for the database');
  await app.createCoupon('A', 1);
  await proxy.open();
  await until('the event', () => receiver.requests.length === 1);
  t.equal(await process.stop(), 0);
});

t.test('after events were deleted that it has not sent, the relay says so, and goes on', async (t) => {
  const app = await startApp(t);
  const receiver = await startReceiver(t);
  for (const name of ['A', 'B', 'C', 'D']) await app.createCoupon(name, 1);
  await app.sql`update relay set row_id = 1`;
  await app.sql`with gone as (delete from events where id <= 2) update event_log set deleted_id = 2`;
  const process = startService(t, settingsFor(app, receiver), relay);
  await until('the others', () => receiver.requests.length === 2);
  await process.logged('events are gone that were not sent');
  await app.sql`update event_log set epoch = default`;
  await app.createCoupon('E', 1);
  await until('an event of the new epoch', () => receiver.requests.length === 3);
  t.same(
    receiver.requests.map(({ event }) => event.subject),
    ['C', 'D', 'E'],
  );
  t.equal(await process.stop(), 0);
});

t.test('a stop lets the request that is under way finish, and waits for no pause', async (t) => {
  const app = await startApp(t);
  const receiver = await startReceiver(t);
  for (const name of ['A', 'B']) await app.createCoupon(name, 1);
  let finish: (() => void) | undefined;
  receiver.answer = (_event, response) => (finish = () => void response.writeHead(204).end());
  const process = startService(t, settingsFor(app, receiver), relay);
  await until('a request', () => finish);
  process.signal('SIGTERM');
  process.signal('SIGTERM');
  await process.logged('finishing the request under way');
  finish?.();
  t.equal(await process.exited(), 0);
  t.equal(await placeOf(app), 1);
  t.equal(receiver.requests.length, 1);

  receiver.answer = (_event, response) => response.writeHead(500).end();
  const patient = startService(t, settingsFor(app, receiver, { RELAY_RETRY_MS: '600000' }), relay);
  await patient.logged('trying again');
  t.equal(await patient.stop(), 0);
});

t.test('secrets come from a file, too, and several sign while they rotate', async (t) => {
  const file = join(await temporaryFolder(t), 'secret');
  const other = `whsec_${Buffer.alloc(24, 'b').toString('base64')}`;
  await writeFile(file, `${other}\n${SECRET}\n`);
  t.same(readSecrets(readConfig({ RELAY_SECRET_FILE: file })), [other, SECRET]);
  const app = await startApp(t);
  for (const secret of [SECRET, other]) {
    const receiver = await startReceiver(t, secret);
    const settings = { DATABASE_URL: app.database.url, RELAY_URL: receiver.url, RELAY_SECRET_FILE: file };
    await app.createCoupon(secret, 1);
    const process = startService(t, settings, relay);
    await until('an event', () => receiver.requests.length === 1);
    t.ok(receiver.requests[0]?.isSigned);
    t.equal(await process.stop(), 0);
  }
});

t.test('what the relay cannot work with ends it with a sentence, which shows no secret', async (t) => {
  const { url } = await createDatabase(t);
  const good = { DATABASE_URL: url, RELAY_URL: 'http://127.0.0.1:1', RELAY_SECRET: SECRET };
  const usage = 'usage: npm run relay [-- dead | -- retry <id> | -- retry all]';
  const invalid = 'invalid setting: RELAY_SECRET must be whsec_ and 24 to 64 bytes in base64';
  const invalidUrl = 'invalid setting: RELAY_URL must be a URL without a user name and a password';
  for (const [settings, operands, sentence] of [
    [{ ...good, RELAY_URL: '' }, [], 'invalid setting: RELAY_URL is required'],
    [{ ...good, RELAY_URL: 'https://' }, [], invalidUrl],
    [{ ...good, RELAY_URL: 'https://user:s3cret@shop.example/hook' }, [], invalidUrl],
    [{ ...good, RELAY_SECRET: '' }, [], invalid],
    [{ ...good, RELAY_SECRET: 'whsec_c2hvcnQ=' }, [], invalid],
    [{ ...good, RELAY_SECRET: `${SECRET} s3cret` }, [], invalid],
    [
      { ...good, RELAY_SECRET: '', RELAY_SECRET_FILE: '/none/s3cret' },
      [],
      'invalid setting: RELAY_SECRET_FILE cannot be read: ENOENT',
    ],
    [
      { ...good, DATABASE_POOLER: 'true' },
      [],
      'the relay holds a lock of its session: set DATABASE_URL to PostgreSQL itself',
    ],
    [good, ['dead', '1'], usage],
    [good, ['retry'], usage],
    [good, ['bury', 'all'], usage],
  ] as const) {
    const { code, lines } = await operate(t, settings, ...operands);
    t.equal(code, 1);
    t.same(lines, [sentence]);
  }
});

t.test('Retry-After is a number of seconds or a date', async (t) => {
  t.equal(retryAfterMs('2'), 2_000);
  t.equal(retryAfterMs(null), 0);
  t.equal(retryAfterMs('soon'), 0);
  t.equal(retryAfterMs('Thu, 01 Jan 1970 00:00:00 GMT'), 0);
  const ms = retryAfterMs(new Date(Date.now() + 60_000).toUTCString());
  t.ok(ms > 55_000 && ms <= 60_000);
});
