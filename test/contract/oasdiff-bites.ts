import { join } from 'node:path';
import t from 'tap';
import { projectRoot } from '../../db/project-root.js';
import { readContract } from '../../src/contract.js';
import { findBreaks, findOasdiff } from './oasdiff.js';

/**
 * The command: shows that `npm run contract:diff` finds what breaks a client, and lets pass what does not. It
 * is no part of `npm test`, because oasdiff comes from the module proxy of Go.
 *
 *     --require   fails without oasdiff and Go
 */

// biome-ignore lint/suspicious/noExplicitAny: the changes reach into any place of the document.
type Document = any;
/** The rule of oasdiff that finds the change. */
type Change = [name: string, rule: string, change: (contract: Document) => void];

const schema = (contract: Document, name: string) => contract.components.schemas[name];
const CLAIM = '/api/coupons/claim';
const COUPON = '/api/coupons/{name}';

const breaking: Change[] = [
  ['an operation is gone', 'api-removed-without-deprecation', ({ paths }) => delete paths[COUPON].delete],
  ['a path is gone', 'api-path-removed-without-deprecation', ({ paths }) => delete paths[COUPON]],
  [
    'an operation has another name',
    'api-operation-id-removed',
    ({ paths }) => Object.assign(paths[CLAIM].post, { operationId: 'makeClaim' }),
  ],
  [
    'an operation has another tag, the name of a class in Java',
    'api-tag-removed',
    ({ paths }) => Object.assign(paths[CLAIM].post, { tags: ['events'] }),
  ],
  [
    'an operation needs a key',
    'api-security-anonymous-access-removed',
    ({ paths }) => paths['/health'].get.security.push({ ApiKey: ['read'] }),
  ],
  [
    'an operation needs another scope',
    'api-security-scope-added',
    ({ paths }) => Object.assign(paths[CLAIM].post.security[0], { ApiKey: ['admin'] }),
  ],
  [
    'a request needs a new field',
    'new-required-request-property',
    (contract) => {
      schema(contract, 'NewClaim').properties.campaign = { type: 'string' };
      schema(contract, 'NewClaim').required.push('campaign');
    },
  ],
  [
    'a request may no longer have a field, as unknown ones are refused',
    'request-property-removed',
    (contract) => delete schema(contract, 'NewCoupon').properties.ends_at,
  ],
  [
    'a request may no longer have a parameter',
    'request-parameter-removed',
    ({ paths }) => paths['/api/coupons'].get.parameters.pop(),
  ],
  [
    'a number may be less than before',
    'request-property-max-decreased',
    (contract) => Object.assign(schema(contract, 'NewCoupon').properties.amount, { maximum: 100 }),
  ],
  [
    'a text may be shorter than before',
    'request-property-max-length-decreased',
    (contract) => Object.assign(schema(contract, 'CouponName'), { maxLength: 100 }),
  ],
  [
    'a text needs another form',
    'request-property-pattern-changed',
    (contract) => Object.assign(schema(contract, 'CouponName'), { pattern: '^[A-Z]+$' }),
  ],
  [
    'a parameter may have fewer values',
    'request-parameter-enum-value-removed',
    ({ paths }) => paths['/api/coupons'].get.parameters[2].schema.enum.pop(),
  ],
  [
    'an answer lacks a field',
    'response-required-property-removed',
    (contract) => {
      delete schema(contract, 'Claim').properties.position;
      schema(contract, 'Claim').required.pop();
    },
  ],
  [
    'an answer lacks a field that it could have',
    'response-optional-property-removed',
    (contract) => delete schema(contract, 'Coupon').properties.starts_at,
  ],
  [
    'a field of an answer may be absent',
    'response-property-became-optional',
    (contract) => schema(contract, 'Claim').required.pop(),
  ],
  [
    'a field of an answer may be null',
    'response-property-became-nullable',
    (contract) => Object.assign(schema(contract, 'Claim').properties.position, { type: ['integer', 'null'] }),
  ],
  [
    'a number of an answer may be more than before',
    'response-property-max-increased',
    (contract) => Object.assign(schema(contract, 'Claim').properties.position, { maximum: 2 ** 40 }),
  ],
  [
    'an answer lacks a header',
    'required-response-header-removed',
    ({ paths }) => delete paths['/api/coupons'].post.responses['201'].headers.Location,
  ],
  [
    'an answer has another status',
    'response-success-status-removed',
    ({ paths }) => {
      const { responses } = paths[CLAIM].post;
      responses['201'] = responses['200'];
      delete responses['200'];
    },
  ],
  [
    'an answer has no CSV',
    'response-media-type-removed',
    ({ paths }) => delete paths[`${COUPON}/claims`].get.responses['200'].content['text/csv'],
  ],
];

const growth: [name: string, change: (contract: Document) => void][] = [
  [
    'a new operation',
    ({ paths }) => {
      paths['/api/refunds'] = { post: { ...paths[CLAIM].post, operationId: 'refundCoupon' } };
    },
  ],
  [
    'a new field that a request may have',
    (contract) => Object.assign(schema(contract, 'NewClaim').properties, { note: { type: 'string' } }),
  ],
  [
    'a new field of an answer, and of a problem',
    (contract) => {
      for (const name of ['Claim', 'Problem']) {
        schema(contract, name).properties.extra = { type: 'string' };
        schema(contract, name).required.push('extra');
      }
    },
  ],
  [
    'a new code and a new state',
    (contract) => {
      schema(contract, 'ErrorCode')['x-extensible-enum'].push('out_of_luck');
      schema(contract, 'CouponState')['x-extensible-enum'].push('paused');
    },
  ],
  [
    'a new status of an error',
    ({ paths }) => {
      paths[CLAIM].post.responses['418'] = { $ref: '#/components/responses/Problem' };
    },
  ],
];

const oasdiff = await findOasdiff();

if (oasdiff === undefined) {
  if (process.argv.includes('--require')) t.fail('oasdiff or go is on this machine');
  else t.plan(0, 'NOT run: neither oasdiff nor go is on this machine');
} else {
  const breaksOf = (change: (contract: Document) => void) => {
    const changed = structuredClone(readContract());
    change(changed);
    const folder = t.testdir({ 'openapi.yaml': JSON.stringify(changed) });
    return findBreaks(oasdiff, join(projectRoot, 'openapi.yaml'), join(folder, 'openapi.yaml'));
  };
  for (const [name, rule, change] of breaking) t.match((await breaksOf(change)).join(' '), `[${rule}]`, name);
  for (const [name, change] of growth) t.strictSame(await breaksOf(change), [], name);
}
