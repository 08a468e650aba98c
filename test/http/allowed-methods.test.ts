import { METHODS } from 'node:http';
import t from 'tap';
import { startApp } from '../support/app.js';
import { openRawConnection } from '../support/raw-connection.js';
import { requestBytes } from '../support/raw-requests.js';

/** `Allow` and 404 agree with the paths that the router knows, in all their spellings. */

const app = await startApp(t);
await app.createCoupon('claim', 5);

const known: [target: string, allow: string, status: number][] = [
  ['/%68ealth', 'GET', 200],
  ['/hea%6Cth?', 'GET', 200],
  ['http://localhost/health', 'GET', 200],
  ['HTTP://another.example:99/health', 'GET', 200],
  ['/api/coupons/claim', 'GET, DELETE, PATCH, POST', 200],
  ['/api/coupons/cl%61im', 'GET, DELETE, PATCH, POST', 200],
  ['http://localhost/api/%63oupons/claim?', 'GET, DELETE, PATCH, POST', 200],
  ['/api/coupons/', 'GET, DELETE, PATCH', 404],
  ['/api/coupons/claim/claims/ada', 'GET, DELETE', 404],
];
for (const [target, allow, status] of known) {
  t.test(`405: ${target} allows ${allow} and nothing else`, async (t) => {
    const allowed = allow.split(', ');
    // The raw connection cannot read the answer to HEAD. CONNECT has no path.
    const others = METHODS.filter((method) => !['HEAD', 'CONNECT', ...allowed].includes(method));
    const connection = openRawConnection(app.url);
    for (const method of ['GET', ...others]) connection.send(requestBytes(method, target));
    const [got, ...refusals] = await connection.answered(1 + others.length);
    connection.socket.destroy();
    t.equal(got?.status, status);
    t.not(JSON.parse(got?.body ?? '').code, 'path_not_found');
    t.equal(refusals.length, others.length);
    for (const [i, answer] of refusals.entries()) {
      t.strictSame([answer.status, answer.headers.get('allow')], [405, allow], others[i] ?? '');
      t.equal(JSON.parse(answer.body).detail, `Use ${allowed.join(' or ')} with this path.`);
    }
  });
}

const unknown = [
  '*',
  '/api%2Fcoupons',
  '/%2Fhealth',
  '/health/',
  '/health%2F',
  'http://localhost',
  '/api/coupons/claim/',
];
for (const target of unknown) {
  t.test(`404: ${target}, with any method`, async (t) => {
    const connection = openRawConnection(app.url);
    const methods = target === '*' ? ['OPTIONS'] : ['GET', 'POST', 'DELETE', 'OPTIONS', 'PURGE'];
    for (const method of methods) connection.send(requestBytes(method, target));
    const answers = await connection.answered(methods.length);
    connection.socket.destroy();
    t.strictSame(
      answers.map(({ status, body }) => [status, JSON.parse(body).code]),
      methods.map(() => [404, 'path_not_found']),
    );
  });
}
