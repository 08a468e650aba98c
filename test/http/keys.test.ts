import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ApiKeys } from '../../src/access/api-keys.js';
import { readConfig } from '../../src/config.js';
import { operationsOf, readContract } from '../../src/contract.js';
import { type Answer, problemIn, startApp } from '../support/app.js';

const keys = {
  admin: 'admin-0123456789',
  claim: 'claim-0123456789',
  read: 'read-01234567890',
  all: 'every-scope-0123456789',
};
const settings = {
  ADMIN_API_KEYS: `${keys.admin},${keys.all}`,
  CLAIM_API_KEYS: `${keys.claim},${keys.all}`,
  READ_API_KEYS: `${keys.read},${keys.all}`,
};

const bearer = (key: string) => ({ Authorization: `Bearer ${key}` });

/** The code of a problem, or the status of another answer. */
const outcome = (answer: Answer) => (answer.status < 300 ? answer.status : problemIn(answer).code);

/** Sends one request to each operation, in an order in which a key with all scopes succeeds. */
async function tryAll(t: Test, settings: Record<string, string>, headers: Record<string, string>) {
  const app = await startApp(t, { settings });
  await app.sql`insert into coupons (name, amount, remaining_amount) values ('A', 5, 5)`;
  const ask = async (method: string, path: string, body?: object) =>
    outcome(await app.request(method, path, { headers, ...(body && { body }) }));
  return {
    getHealth: await ask('GET', '/health'),
    getLiveness: await ask('GET', '/health/live'),
    getReadiness: await ask('GET', '/health/ready'),
    createCoupon: await ask('POST', '/api/coupons', { name: 'B', amount: 1 }),
    changeCoupon: await ask('PATCH', '/api/coupons/A', { amount: 6 }),
    claimCoupon: await ask('POST', '/api/coupons/claim', { coupon_name: 'A', user_id: 'ada' }),
    claimCoupons: await ask('POST', '/api/claims', { claims: [{ coupon_name: 'A', user_id: 'grace' }] }),
    getCoupon: await ask('GET', '/api/coupons/A'),
    getClaim: await ask('GET', '/api/coupons/A/claims/ada'),
    releaseClaim: await ask('DELETE', '/api/coupons/A/claims/ada'),
    deleteCoupon: await ask('DELETE', '/api/coupons/B'),
  };
}

const allowed = {
  getHealth: 200,
  getLiveness: 200,
  getReadiness: 200,
  createCoupon: 201,
  changeCoupon: 200,
  claimCoupon: 200,
  claimCoupons: 200,
  getCoupon: 200,
  getClaim: 200,
  releaseClaim: 204,
  deleteCoupon: 204,
};
const refusedAll = (code: string) => ({
  getHealth: 200,
  getLiveness: 200,
  getReadiness: 200,
  createCoupon: code,
  changeCoupon: code,
  claimCoupon: code,
  claimCoupons: code,
  getCoupon: code,
  getClaim: code,
  releaseClaim: code,
  deleteCoupon: code,
});

t.test('every operation but the health checks names one scope in the contract', async (t) => {
  for (const { operation } of operationsOf(readContract())) {
    if (operation.tags?.includes('health')) continue;
    const [requirement, ...others] = operation.security ?? [];
    t.match(requirement?.['ApiKey']?.join(), /^(admin|claim|read)$/, `of ${operation.operationId}`);
    t.same(others, []);
  }
});

t.test('without keys, everything is open, and a key that is sent does not matter', async (t) => {
  t.same(await tryAll(t, {}, {}), allowed);
  t.same(await tryAll(t, {}, bearer('unknown-0123456789')), allowed);
});

t.test('a key with all scopes may do everything', async (t) => {
  t.same(await tryAll(t, settings, bearer(keys.all)), allowed);
  t.same(await tryAll(t, settings, { Authorization: `bearer ${keys.all}` }), allowed, 'in any case');
});

t.test('401 unauthorized: no key, or an unknown one', async (t) => {
  t.same(await tryAll(t, settings, {}), refusedAll('unauthorized'));
  t.same(await tryAll(t, settings, bearer('unknown-0123456789')), refusedAll('unauthorized'));
});

t.test('403 forbidden: a key works for the operations of its scope only', async (t) => {
  t.same(await tryAll(t, settings, bearer(keys.admin)), {
    ...refusedAll('forbidden'),
    createCoupon: 201,
    changeCoupon: 200,
    releaseClaim: 'claim_not_found',
    deleteCoupon: 204,
  });
  t.same(await tryAll(t, settings, bearer(keys.claim)), {
    ...refusedAll('forbidden'),
    claimCoupon: 200,
    claimCoupons: 200,
  });
  t.same(await tryAll(t, settings, bearer(keys.read)), {
    ...refusedAll('forbidden'),
    getCoupon: 200,
    getClaim: 'claim_not_found',
  });
});

t.test('a scope without keys stays open while others have keys', async (t) => {
  t.same(await tryAll(t, { ADMIN_API_KEYS: keys.admin }, {}), {
    ...allowed,
    createCoupon: 'unauthorized',
    changeCoupon: 'unauthorized',
    releaseClaim: 'unauthorized',
    deleteCoupon: 'unauthorized',
  });
});

t.test('a 401 says how to send a key, and neither refusal shows what was sent', async (t) => {
  const app = await startApp(t, { settings });
  const unknown = await app.request('GET', '/api/coupons/A', { headers: bearer('unknown-0123456789') });
  t.equal(unknown.headers.get('www-authenticate'), 'Bearer');
  const other = await app.request('GET', '/api/coupons/A', { headers: bearer(keys.claim) });
  t.equal(other.headers.get('www-authenticate'), null);
  t.notMatch(unknown.text + other.text, /0123456789/);
});

t.test('only a whole key in one Bearer header counts', async (t) => {
  const app = await startApp(t, { settings });
  const ask = async (authorization: string) =>
    outcome(await app.request('GET', '/api/coupons/A', { headers: { Authorization: authorization } }));
  t.equal(await ask(`Bearer ${keys.read}`), 'coupon_not_found');
  for (const wrong of [
    keys.read,
    `Basic ${keys.read}`,
    'Bearer',
    `Bearer ${keys.read.slice(1)}`,
    `Bearer ${keys.read}x`,
    `Bearer ${keys.read.toUpperCase()}`,
    `Bearer ${keys.read}, Bearer ${keys.read}`,
    `Bearer ${settings.READ_API_KEYS}`,
    `Bearer ${createHash('sha256').update(keys.read).digest('hex')}`,
  ]) {
    t.equal(await ask(wrong), 'unauthorized', wrong);
  }
});

t.test('a request without a key is refused before its body is read', async (t) => {
  const app = await startApp(t, { settings });
  const headers = { 'Content-Type': 'application/json' };
  const send = (raw: string, more = {}) =>
    app.request('POST', '/api/coupons', { raw, headers: { ...headers, ...more } });
  t.equal(outcome(await send('no JSON')), 'unauthorized');
  t.equal(outcome(await send(' '.repeat(2 * 1024 ** 2))), 'unauthorized', 'a body over the limit');
  t.equal(outcome(await send('no JSON', bearer(keys.admin))), 'invalid_body');
});

t.test('a key for the scope of an operation that names none, or an unknown one, is needed', async (t) => {
  const open = new ApiKeys(readConfig({}));
  t.equal(open.isOpen(['admin', 'read']), true);
  t.equal(open.isOpen([]), false);
  t.equal(open.isOpen(['amdin']), false);
});

t.test('keys from a setting and from its file are read, and named by their hashes', async (t) => {
  const file = join(t.testdir(), 'keys');
  writeFileSync(file, `${keys.claim},\n${keys.read}\r\n\n${keys.all}\n`);
  const read = new ApiKeys(readConfig({ READ_API_KEYS: ` ${keys.admin} `, READ_API_KEYS_FILE: file }));
  const name = (key: string) => createHash('sha256').update(key).digest('hex').slice(0, 8);
  t.same(read.names(), { read: [keys.admin, keys.claim, keys.read, keys.all].map(name) });
  t.same(read.openScopes, ['admin', 'claim']);
});

t.test('an invalid key is refused by a sentence that names the setting, and not the key', async (t) => {
  const file = join(t.testdir(), 'keys');
  const invalid = [
    's3cret',
    's3cret-s3cret-1',
    ',',
    `${keys.all},`,
    `${keys.all},,${keys.read}`,
    's3cret s3cret s3cret',
    's3crét-s3crét-s3crét',
  ];
  for (const [text, name] of invalid.flatMap((text) => [
    [text, 'ADMIN_API_KEYS'] as const,
    [text, 'CLAIM_API_KEYS_FILE'] as const,
  ])) {
    writeFileSync(file, text);
    const config = readConfig({ [name]: name.endsWith('FILE') ? file : text });
    t.throws(() => new ApiKeys(config), {
      message: new RegExp(`^invalid setting: ${name} must (be|hold) keys, each of at least 16 visible ASCII`),
    });
    try {
      new ApiKeys(config);
    } catch (error) {
      t.notMatch(String(error), /s3cr|scope/);
    }
  }
});

t.test('a file that is empty, or cannot be read, does not open its scope', async (t) => {
  const file = join(t.testdir(), 'keys');
  writeFileSync(file, '\n');
  t.throws(() => new ApiKeys(readConfig({ READ_API_KEYS_FILE: file })), {
    message: /READ_API_KEYS_FILE must hold keys/,
  });
  t.throws(() => new ApiKeys(readConfig({ READ_API_KEYS_FILE: `${file}.s3cret` })), {
    message: 'invalid setting: READ_API_KEYS_FILE must name a file that can be read (ENOENT)',
  });
});
