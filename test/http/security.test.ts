import type { FastifyRequest } from 'fastify';
import t, { type Test } from 'tap';
import { type Contract, readContract, type SecurityRequirements } from '../../src/contract.js';
import type { SecurityHandler } from '../../src/http/security.js';
import { problemIn, startApp } from '../support/app.js';

/** openapi.yaml with security schemes, which it does not have yet. */
function secured(requirements: SecurityRequirements, everywhere: SecurityRequirements = []): Contract {
  const contract = readContract();
  contract.security = everywhere;
  Object.assign(contract.paths['/api/coupons']?.['post'] ?? {}, { security: requirements });
  return contract;
}

/** A scheme that a header satisfies. The codes are any two of the contract's. */
const header =
  (name: string): SecurityHandler =>
  (request: FastifyRequest, scopes) => {
    const value = request.headers[name];
    if (value === undefined) return 'malformed_http';
    return scopes.every((scope) => String(value).split(' ').includes(scope)) ? undefined : 'coupon_exists';
  };
const securityHandlers = { key: header('x-key'), badge: header('x-badge') };

async function createCoupon(t: Test, contract: Contract) {
  const app = await startApp(t, { contract, securityHandlers });
  return async (headers: Record<string, string>, raw = '{"name":"A","amount":1}') => {
    const answer = await app.request('POST', '/api/coupons', {
      raw,
      headers: { 'Content-Type': 'application/json', ...headers },
    });
    await app.sql.unsafe('delete from claims; delete from coupons');
    return answer.status === 201 ? 201 : problemIn(answer).code;
  };
}

t.test('an operation needs what its security says, scopes included', async (t) => {
  const create = await createCoupon(t, secured([{ key: ['admin'] }]));
  t.equal(await create({}), 'malformed_http');
  t.equal(await create({ 'X-Key': 'read' }), 'coupon_exists');
  t.equal(await create({ 'X-Key': 'read admin' }), 201);
});

t.test('one alternative is enough, and all schemes of an alternative are needed', async (t) => {
  const create = await createCoupon(t, secured([{ key: [], badge: [] }, { badge: ['guard'] }]));
  t.equal(await create({ 'X-Key': '1' }), 'malformed_http');
  t.equal(await create({ 'X-Key': '1', 'X-Badge': '1' }), 201);
  t.equal(await create({ 'X-Badge': 'guard' }), 201);
});

t.test('security of the whole contract holds for operations without their own', async (t) => {
  const contract = secured([], [{ key: [] }]);
  delete contract.paths['/health']?.['get']?.security;
  const create = await createCoupon(t, contract);
  t.equal(await create({}), 201, 'an empty list opens an operation');
  const app = await startApp(t, { contract, securityHandlers });
  t.equal((await app.request('GET', '/health')).status, 400);
  t.equal((await app.request('GET', '/health', { headers: { 'X-Key': '1' } })).status, 200);
});

t.test('a request is refused before its body is read', async (t) => {
  const create = await createCoupon(t, secured([{ key: [] }]));
  t.equal(await create({}, 'no JSON'), 'malformed_http');
  t.equal(await create({}, ' '.repeat(2 * 1024 ** 2)), 'malformed_http', 'a body over the limit');
  t.equal(await create({ 'X-Key': '1' }, 'no JSON'), 'invalid_body');
});

t.test('a scheme without a handler stops the start', async (t) => {
  const contract = secured([{ fingerprint: [] }]);
  await t.rejects(startApp(t, { contract, securityHandlers }), {
    message: 'the security scheme fingerprint of openapi.yaml has no handler',
  });
});
