import pino from 'pino';
import t from 'tap';
import { buildApp } from '../../src/app.js';
import { readConfig } from '../../src/config.js';
import {
  assertComplete,
  type Contract,
  type Handler,
  operationsOf,
  readContract,
  type StatusOf,
} from '../../src/contract.js';
import { problemKinds } from '../../src/http/problem-kinds.js';
import { problemOf, sendProblem } from '../../src/http/problems.js';
import { startApp } from '../support/app.js';

/** The parts of openapi.yaml that these tests read or change. */
interface Schema {
  maxLength?: number;
  maximum?: number;
  required?: string[];
  properties?: Record<string, object>;
  'x-extensible-enum'?: string[];
}
type Document = Contract & { components: { schemas: Record<string, Schema> } };

const contract = readContract() as Document;
/** One for each operation. */
const handlers: Record<string, object> = Object.fromEntries(
  operationsOf(contract).map(({ operation }) => [operation.operationId, {}]),
);

/** Returns a changed copy of the contract. */
function changed(change: (contract: Document) => void): Document {
  const copy = structuredClone(contract);
  change(copy);
  return copy;
}

/** Returns the operation of a method and path. */
const operation = (contract: Contract, method: string, path: string) => {
  const found = contract.paths[path]?.[method];
  if (!found) throw new Error(`${method} ${path} is not in the contract`);
  return found;
};

t.test('the error catalogue has exactly the codes of the contract', async (t) => {
  t.strictSame(
    Object.keys(problemKinds).sort(),
    contract.components.schemas['ErrorCode']?.['x-extensible-enum']?.sort(),
  );
});

t.test('a handler that sends a code of another operation does not compile', async (t) => {
  const deleteCoupon: Handler<'deleteCoupon'> = async (_, reply) => sendProblem(reply, 'coupon_has_claims');
  // @ts-expect-error A coupon that is deleted is never sold out.
  const wrongCode: Handler<'deleteCoupon'> = async (_, reply) => sendProblem(reply, 'out_of_stock');
  // @ts-expect-error The contract gives this code the status 409.
  const wrongStatus: StatusOf<'coupon_has_claims'> = 404;
  t.strictSame([typeof deleteCoupon, typeof wrongCode, wrongStatus], ['function', 'function', 404]);
});

t.test('each example of a problem in the contract equals its entry in the catalogue', async (t) => {
  const examples: { code: keyof typeof problemKinds; detail: string }[] = [];
  JSON.stringify(contract, (_key, value) => {
    if (value?.type?.startsWith?.('urn:problem-type:')) examples.push(value);
    return value;
  });
  t.ok(examples.length > 10, 'the contract has examples');
  // Their details name what was sent, or a limit of the contract.
  const ownDetail = new Set(['invalid_body', 'payload_too_large', 'not_implemented']);
  for (const example of examples) {
    const { code, detail } = example;
    const expected =
      code === 'invalid_request'
        ? problemOf(code, { error: `invalid request: ${detail}`, detail })
        : problemOf(code, ownDetail.has(code) ? { detail } : {});
    t.strictSame(example, expected);
  }
});

t.test('a contract and handlers that match are accepted', async (t) => {
  t.doesNotThrow(() => assertComplete(contract, handlers));
});

t.test('the error names an operation without a handler', async (t) => {
  const { ['claimCoupon']: _, ...others } = handlers;
  t.throws(() => assertComplete(contract, others), {
    message: /: operation claimCoupon \(POST \/api\/coupons\/claim\) has no handler$/,
  });
});

t.test('an operation named like a method of all objects still needs a handler', async (t) => {
  const broken = changed((contract) => {
    operation(contract, 'get', '/health').operationId = 'toString';
  });
  t.throws(() => assertComplete(broken, handlers), { message: /operation toString .* has no handler/ });
});

t.test('the error names a handler without an operation', async (t) => {
  t.throws(() => assertComplete(contract, { ...handlers, refundCoupon: {} }), {
    message: /: handler refundCoupon has no operation$/,
  });
});

t.test('the error names an operation without an operationId by its method and path', async (t) => {
  const broken = changed((contract) => {
    delete operation(contract, 'post', '/api/coupons').operationId;
  });
  t.throws(() => assertComplete(broken, handlers), { message: /: POST \/api\/coupons has no operationId/ });
});

t.test('the error names an operation with path parameters and without x-invalid-path-code', async (t) => {
  const broken = changed((contract) => {
    delete operation(contract, 'get', '/api/coupons/{name}')['x-invalid-path-code'];
  });
  t.throws(() => assertComplete(broken, handlers), {
    message: /: operation getCoupon \(GET \/api\/coupons\/\{name\}\) has no x-invalid-path-code$/,
  });
});

t.test('the code for a path parameter that breaks its schema comes from the contract', async (t) => {
  const app = await startApp(t, {
    contract: changed((contract) => {
      operation(contract, 'get', '/api/coupons/{name}')['x-invalid-path-code'] = 'invalid_request';
    }),
  });
  const answer = await app.request('GET', `/api/coupons/${'x'.repeat(256)}`);
  t.match(answer.json(), { code: 'invalid_request' });
});

t.test('every pattern of a request has a sentence of its own', async (t) => {
  const patterns: unknown[] = [];
  JSON.stringify({ paths: contract.paths, schemas: contract.components.schemas }, (key, value) => {
    if (['headers', 'x-sentences'].includes(key)) return undefined;
    if (typeof value?.pattern === 'string') patterns.push(value['x-sentences']?.pattern);
    return value;
  });
  t.ok(patterns.length >= 3);
  t.ok(patterns.every((sentence) => typeof sentence === 'string' && sentence.startsWith('must ')));
});

t.test('a new field gets the sentences of its own schema', async (t) => {
  const app = await startApp(t, {
    contract: changed(({ components: { schemas } }) => {
      Object.assign(schemas['NewCoupon']?.properties ?? {}, {
        starts_at: { type: 'string', format: 'date-time' },
        kind: { type: 'string', enum: ['flash', 'daily'] },
        note: {
          type: ['string', 'null'],
          minLength: 3,
          pattern: '^[a-z]+$',
          'x-sentences': { pattern: 'must be lower-case letters' },
        },
      });
    }),
  });
  const told = async (field: object) =>
    (await app.request('POST', '/api/coupons', { body: { name: 'A', amount: 1, ...field } })).json()[
      'detail'
    ];
  t.equal(
    await told({ starts_at: 'noon' }),
    'starts_at must be a date and time such as 2026-07-01T12:00:00Z',
  );
  t.equal(await told({ kind: 'weekly' }), 'kind must be one of flash, daily');
  t.equal(await told({ note: 'ab' }), 'note must be at least 3 characters long');
  t.equal(await told({ note: 'ABC' }), 'note must be lower-case letters');
  t.equal(await told({ note: 7 }), 'note must be a string or null');
});

t.test('the error names an operationId that occurs twice', async (t) => {
  const broken = changed((contract) => {
    operation(contract, 'get', '/health').operationId = 'getCoupon';
  });
  t.throws(() => assertComplete(broken, handlers), {
    message: /operationId getCoupon occurs twice; handler getHealth has no operation/,
  });
});

t.test('buildApp refuses a contract that has an operation without a handler', async (t) => {
  const logger = pino({ enabled: false });
  const config = readConfig({});
  const databaseUrls = ['postgres://127.0.0.1:1/none'];
  const broken = changed((contract) => {
    contract.paths['/api/refunds'] = { post: { operationId: 'refundCoupon' } };
  });
  await t.rejects(buildApp({ config, databaseUrls, logger, contract: broken }), {
    message: /operation refundCoupon \(POST \/api\/refunds\) has no handler/,
  });
});

t.test('the server enforces a limit that changes in the contract', async (t) => {
  const app = await startApp(t, {
    contract: changed(({ components: { schemas } }) => {
      if (schemas['CouponName']) schemas['CouponName'].maxLength = 5;
      Object.assign(schemas['NewCoupon']?.properties?.['amount'] ?? {}, { maximum: 10 });
    }),
  });
  t.equal((await app.createCoupon('12345', 10)).status, 201);
  t.equal(
    (await app.createCoupon('123456', 10)).json()['error'],
    'invalid request: name must be at most 5 characters long',
  );
  t.equal((await app.createCoupon('A', 11)).json()['error'], 'invalid request: amount must be at most 10');
  t.equal(
    (await app.claim('123456', 'ada')).json()['error'],
    'invalid request: coupon_name must be at most 5 characters long',
  );
});

t.test('the server enforces a body limit that changes in the contract', async (t) => {
  const app = await startApp(t, { contract: { ...contract, 'x-request-body-bytes-max': 30 } });
  t.equal((await app.createCoupon('12345', 1)).status, 201);
  t.equal((await app.createCoupon('1234567890', 1)).status, 413);
});

t.test('the server serves a path that changes in the contract', async (t) => {
  const app = await startApp(t, {
    contract: changed((contract) => {
      contract.paths['/api/vouchers'] = contract.paths['/api/coupons'] ?? {};
      delete contract.paths['/api/coupons'];
    }),
  });
  // The client of the tests knows only the paths of openapi.yaml.
  const old = await fetch(`${app.url}/api/coupons`, { method: 'POST' });
  t.equal(old.status, 404, 'the old path is gone');
  const moved = await fetch(`${app.url}/api/vouchers`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: '{"name":"SUMMER","amount":5}',
  });
  t.equal(moved.status, 201);
  const other = await fetch(`${app.url}/api/vouchers`, { method: 'DELETE' });
  t.equal(other.status, 405);
  t.equal(other.headers.get('allow'), 'GET, POST');
});

t.test('the server requires a field that becomes required in the contract', async (t) => {
  const app = await startApp(t, {
    contract: changed(({ components: { schemas } }) => {
      schemas['NewClaim']?.required?.push('campaign');
      Object.assign(schemas['NewClaim']?.properties ?? {}, { campaign: { type: 'string' } });
    }),
  });
  await app.createCoupon('SUMMER', 5);
  t.equal((await app.claim('SUMMER', 'ada')).json()['error'], 'invalid request: campaign is required');
  const body = { coupon_name: 'SUMMER', user_id: 'ada', campaign: 'flash' };
  t.equal((await app.request('POST', '/api/coupons/claim', { body })).status, 200);
});
