import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { readContract } from '../../src/contract.js';
import { problemIn, startApp } from '../support/app.js';

/**
 * The application with query parameters that openapi.yaml does not have, and the queries that its handler
 * gets.
 */
async function startWithQueries(t: Test) {
  const contract = readContract();
  Object.assign(contract.paths['/health']?.['get'] ?? {}, {
    parameters: [
      { name: 'limit', in: 'query', schema: { type: 'integer', minimum: 1, maximum: 1000, default: 100 } },
      { name: 'claimed_by', in: 'query', schema: { type: 'boolean' } },
      { name: 'state', in: 'query', schema: { type: 'string', enum: ['open', 'ended'] } },
      { name: 'tag', in: 'query', schema: { type: 'array', items: { type: 'string' }, maxItems: 3 } },
      { name: 'wait', in: 'query', required: true, schema: { type: 'number' } },
    ],
  });
  const queries: unknown[] = [];
  const inspect = (app: FastifyInstance) =>
    app.addHook('preHandler', async (request) => void queries.push({ ...(request.query as object) }));
  const app = await startApp(t, { contract, inspect });
  const get = async (query: string) => {
    const answer = await app.request('GET', `/health${query}`);
    return answer.status === 200 ? queries.pop() : problemIn(answer).error;
  };
  return { queries, get };
}

t.test('query parameters have the types of the contract', async (t) => {
  const { get } = await startWithQueries(t);
  t.same(await get('?wait=0.5&limit=7&claimed_by=false&state=open'), {
    wait: 0.5,
    limit: 7,
    claimed_by: false,
    state: 'open',
  });
  t.same(await get('?wait=1&tag=a'), { wait: 1, tag: ['a'], limit: 100 }, 'with its defaults');
  t.same(await get('?tag=a&wait=1&tag=b'), { wait: 1, tag: ['a', 'b'], limit: 100 });
});

t.test('400: a query parameter that breaks the contract is refused with a sentence', async (t) => {
  const { queries, get } = await startWithQueries(t);
  for (const [query, sentence] of [
    ['', 'wait is required'],
    ['?wait=1&limit=0', 'limit must be at least 1'],
    ['?wait=1&limit=many', 'limit must be an integer'],
    ['?wait=1&limit=1.5', 'limit must be an integer'],
    ['?wait=1&limit=', 'limit must be an integer'],
    ['?wait=1&claimed_by=maybe', 'claimed_by must be a boolean'],
    ['?wait=1&state=sold', 'state must be one of open, ended'],
    ['?wait=1&limt=5', '"limt" is not a known query parameter'],
    ['?wait=1&__proto__=5', '"__proto__" is not a known query parameter'],
    ['?wait=1&limit=5&limit=6', 'limit must be given only once'],
    ['?wait=1&state=open&state=open', 'state must be given only once'],
    ['?wait=1&tag=a&tag=b&tag=c&tag=d', 'tag must have at most 3 items'],
  ] as const) {
    t.equal(await get(query), `invalid request: ${sentence}`, query);
  }
  t.same(queries, [], 'no handler was called');
});

t.test('400: an operation without query parameters refuses every one, and changes nothing', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  const json = { 'Content-Type': 'application/json' };
  for (const [method, path, raw] of [
    ['GET', '/api/coupons/SUMMER?name=WINTER'],
    ['GET', '/health?verbose'],
    ['POST', '/api/coupons?dry_run=true', '{"name":"WINTER","amount":5}'],
    ['POST', '/api/coupons/claim?user_id=ada', '{"user_id":"ada","coupon_name":"SUMMER"}'],
  ] as const) {
    const answer = await app.request(method, path, raw ? { raw, headers: json } : {});
    t.equal(answer.status, 400, path);
    t.match(problemIn(answer).error, /^invalid request: "\w+" is not a known query parameter$/);
  }
  t.same(await app.sql`select name, remaining_amount from coupons`, [
    { name: 'SUMMER', remaining_amount: 5 },
  ]);
});
