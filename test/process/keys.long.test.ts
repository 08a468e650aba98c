import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { projectRoot } from '../../db/project-root.js';
import { type Client, problemIn } from '../support/app.js';
import { createDatabase } from '../support/database.js';
import { type ServiceProcess, startService } from '../support/process.js';
import { sendBytes } from '../support/raw-http.js';
import { until } from '../support/until.js';

const OLD = 'old-key-0123456789';
const NEW = 'new-key-0123456789';
const NOWHERE = 'postgres://ada@127.0.0.1:1/coupons';

const bearer = (key: string) => ({ headers: { Authorization: `Bearer ${key}` } });
const nameOf = (key: string) => createHash('sha256').update(key).digest('hex').slice(0, 8);

async function statusOf(client: Client, key: string): Promise<number> {
  return (await client.request('GET', '/api/coupons/A', bearer(key))).status;
}

const linesWith = ({ log }: ServiceProcess, text: string) => log.filter(({ msg }) => msg.includes(text));

t.test('`npm run --silent key` prints a new key of 32 random bytes, and nothing else', async (t) => {
  const run = async () => {
    const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
    return promisify(execFile)(npm, ['run', '--silent', 'key'], { cwd: projectRoot });
  };
  const [first, second] = await Promise.all([run(), run()]);
  for (const { stdout, stderr } of [first, second]) {
    t.match(stdout, /^[\w-]{43}\n$/);
    t.equal(stderr, '');
  }
  t.not(first.stdout, second.stdout);
});

t.test('exit code 1: an invalid key stops the start, and the error does not show it', async (t) => {
  const file = join(t.testdir(), 'keys');
  writeFileSync(file, 's3cret');
  for (const [name, value] of [
    ['ADMIN_API_KEYS', 's3cret'],
    ['ADMIN_API_KEYS', ''],
    ['READ_API_KEYS', ' '],
    ['CLAIM_API_KEYS_FILE', ''],
    ['CLAIM_API_KEYS', ',s3cret-0123456789'],
    ['READ_API_KEYS_FILE', file],
  ] as const) {
    const service = startService(t, { [name]: value, WEB_CONCURRENCY: '2' });
    t.equal(await service.exited(), 1);
    t.same(service.log, []);
    t.equal(service.output.length, 1, 'the output is one line');
    t.match(service.output[0], `invalid setting: ${name} must `);
    t.notMatch(service.output[0], 's3cret');
  }
});

t.test('one warning names the open scopes, unless only this machine reaches the service', async (t) => {
  const start = async (settings: Record<string, string>) => {
    const service = startService(t, { DATABASE_URL: NOWHERE, ...settings });
    await service.logged('listening on');
    await service.stop();
    return linesWith(service, 'open scopes').map(({ level, msg }) => ({ level, msg }));
  };
  const all = { ADMIN_API_KEYS: OLD, CLAIM_API_KEYS: OLD, READ_API_KEYS: OLD };
  const [some, ...none] = await Promise.all([
    start({ HOST: '0.0.0.0', ADMIN_API_KEYS: OLD, WEB_CONCURRENCY: '2' }),
    start({ HOST: '0.0.0.0', ...all }),
    start({ HOST: 'localhost' }),
    start({ HOST: '127.0.0.1' }),
  ]);
  const msg =
    'whoever reaches this service may use the open scopes claim, read: set CLAIM_API_KEYS, READ_API_KEYS';
  t.same(some, [{ level: 40, msg }]);
  t.same(none, [[], [], []]);
});

async function startWithFile(t: Test, settings: Record<string, string>) {
  const { url } = await createDatabase(t);
  const file = join(t.testdir(), 'keys');
  writeFileSync(file, OLD);
  const service = startService(t, { DATABASE_URL: url, READ_API_KEYS_FILE: file, ...settings });
  return { service, file, client: await service.listening() };
}

t.test('SIGHUP reads the key files again, and an invalid file changes nothing', async (t) => {
  const { service, file, client } = await startWithFile(t, {});
  t.same([await statusOf(client, OLD), await statusOf(client, NEW)], [404, 401]);

  writeFileSync(file, 's3cret');
  service.signal('SIGHUP');
  t.match(await service.logged('the keys stay as they are'), {
    level: 50,
    msg: /: invalid setting: READ_API_KEYS_FILE must hold keys/,
  });
  t.same([await statusOf(client, OLD), await statusOf(client, NEW)], [404, 401]);

  writeFileSync(file, `${OLD}\n${NEW}\n`);
  service.signal('SIGHUP');
  t.match(await service.logged('read the key files again'), {
    level: 30,
    keys: { read: [nameOf(OLD), nameOf(NEW)] },
  });
  t.same([await statusOf(client, OLD), await statusOf(client, NEW)], [404, 404]);
  t.equal(await service.stop(), 0);
  t.notMatch(JSON.stringify(service.log), /s3cret|0123456789/);
});

t.test('SIGHUP to the primary reaches every worker', async (t) => {
  const { service, file, client } = await startWithFile(t, { WEB_CONCURRENCY: '2' });
  const pids = (text: string) => new Set(linesWith(service, text).map(({ pid }) => pid));
  await until('two listening workers', () => pids('listening on').size === 2);
  writeFileSync(file, NEW);
  service.signal('SIGHUP');
  await until('two workers with new keys', () => pids('read the key files again').size === 2);
  t.same(pids('read the key files again'), pids('listening on'));
  const answers = await Promise.all(Array.from({ length: 20 }, () => statusOf(client, OLD)));
  t.ok(answers.every((status) => status === 401));
  t.equal(await statusOf(client, NEW), 404);
  t.equal(await service.stop(), 0);
});

t.test('SIGHUP ends a service without key files, as it ends other programs', async (t) => {
  const service = startService(t, { DATABASE_URL: NOWHERE, READ_API_KEYS: OLD });
  await service.listening();
  t.equal(await service.stop('SIGHUP'), 'SIGHUP');
});

t.test('at trace level, no log line and no answer holds a key, known or not', async (t) => {
  const { url } = await createDatabase(t);
  const service = startService(t, {
    DATABASE_URL: url,
    LOG_LEVEL: 'trace',
    ADMIN_API_KEYS: OLD,
    CLAIM_API_KEYS: OLD,
  });
  const client = await service.listening();
  const answers: string[] = [];
  for (const key of [OLD, NEW]) {
    const { headers } = bearer(key);
    const sent = await Promise.all([
      client.request('POST', '/api/coupons', { headers, body: { name: 'A', amount: 1 } }),
      client.request('POST', '/api/coupons', { headers, body: { name: 'A', amount: 0 } }),
      client.request('PATCH', '/api/coupons/A', { headers, body: { amount: 2 } }),
      client.claim('A', 'ada', headers),
      client.request('GET', '/nowhere', { headers }),
      client.request('PUT', '/api/coupons', { headers }),
      client.request('GET', '/health', { headers }),
    ]);
    answers.push(...sent.map(({ text }) => text));
    const bytes = `GET / HTTP/1.1\r\nAuthorization: Bearer ${key}\r\nBad\r\n\r\n`;
    answers.push((await sendBytes(t, client.url, [bytes])).text);
  }
  t.match(problemIn(await client.claim('A', 'ada')), { code: 'unauthorized' });
  t.equal(await service.stop(), 0);
  t.ok(service.log.length > 10, 'the service logged');
  t.notMatch(JSON.stringify(service.log) + service.output.join() + answers.join(), /key-0123456789/);
});
