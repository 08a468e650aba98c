import { execFile } from 'node:child_process';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { projectRoot } from '../../db/project-root.js';
import { readContract } from '../../src/contract.js';

/**
 * Each rule of redocly.yaml that the project adds, and those it relies on, bite a contract that breaks it.
 */

// biome-ignore lint/suspicious/noExplicitAny: the changes reach into any place of the document.
type Document = any;

interface Breach {
  /** What the broken contract does. */
  name: string;
  rule: string;
  breakIt: (contract: Document) => void;
}

const claim = (contract: Document) => contract.paths['/api/coupons/claim'].post;
const schema = (contract: Document, name: string) => contract.components.schemas[name];
const response = (contract: Document, name: string) => contract.components.responses[name];
const limit = (contract: Document) => contract.components.parameters.Limit;

const breaches: Breach[] = [
  {
    name: 'an operation without a description',
    rule: 'operation-description',
    breakIt: (contract) => delete claim(contract).description,
  },
  {
    name: 'an operation without an operationId',
    rule: 'operation-operationId',
    breakIt: (contract) => delete claim(contract).operationId,
  },
  {
    name: 'an operation without tags',
    rule: 'rule/operation-is-complete',
    breakIt: (contract) => delete claim(contract).tags,
  },
  {
    name: 'an operation that does not say who may use it',
    rule: 'rule/operation-is-complete',
    breakIt: (contract) => delete contract.paths['/health'].get.security,
  },
  {
    name: 'a response without headers',
    rule: 'rule/response-has-headers',
    breakIt: (contract) => delete response(contract, 'Forbidden').headers,
  },
  {
    name: 'a response without X-Request-Id',
    rule: 'rule/response-has-request-id',
    breakIt: (contract) => delete response(contract, 'Unauthorized').headers['X-Request-Id'],
  },
  {
    name: 'a pattern with \\w, which is Unicode in Python',
    rule: 'rule/pattern-means-the-same-in-every-language',
    breakIt: (contract) => Object.assign(schema(contract, 'UserId'), { pattern: '^\\w' }),
  },
  ...['format', 'minimum', 'maximum'].map((keyword) => ({
    name: `an integer without ${keyword}`,
    rule: 'contract/integer-has-bounds',
    breakIt: (contract: Document) => delete schema(contract, 'Claim').properties.position[keyword],
  })),
  {
    name: 'an array without maxItems',
    rule: 'contract/array-has-a-bound',
    breakIt: (contract) => delete schema(contract, 'EventPage').properties.items.maxItems,
  },
  {
    name: 'a string of a body without maxLength',
    rule: 'contract/request-string-has-a-bound',
    breakIt: (contract) => delete schema(contract, 'Time').maxLength,
  },
  {
    name: 'a string of a parameter without maxLength',
    rule: 'contract/request-string-has-a-bound',
    breakIt: (contract) => delete claim(contract).parameters[0].schema.maxLength,
  },
  {
    name: 'a request that ignores unknown fields',
    rule: 'contract/request-is-closed',
    breakIt: (contract) => delete schema(contract, 'NewClaim').additionalProperties,
  },
  {
    name: 'a response that may get no new field',
    rule: 'contract/response-may-grow',
    breakIt: (contract) => Object.assign(schema(contract, 'CouponValues'), { additionalProperties: false }),
  },
  {
    name: 'a response that may get no new value',
    rule: 'contract/response-may-grow',
    breakIt: (contract) => Object.assign(schema(contract, 'CouponState'), { enum: ['open'] }),
  },
  {
    name: 'an error that is no problem',
    rule: 'contract/error-is-a-problem',
    breakIt: ({ components }) => {
      const { content } = components.responses.CouponNotFound;
      content['application/json'] = content['application/problem+json'];
      delete content['application/problem+json'];
    },
  },
  {
    name: 'an error without an example',
    rule: 'contract/error-is-a-problem',
    breakIt: (contract) =>
      delete response(contract, 'ClaimConflict').content['application/problem+json'].examples,
  },
  {
    name: 'an error that does not list its codes',
    rule: 'contract/error-is-a-problem',
    breakIt: (contract) => delete response(contract, 'ClaimConflict')['x-problem-codes'],
  },
  {
    name: 'a code that ErrorCode does not list',
    rule: 'contract/error-is-a-problem',
    breakIt: (contract) => response(contract, 'ClaimConflict')['x-problem-codes'].push('out_of_luck'),
  },
  ...['400', '401', '403', '404', '408', '413', '415', '429', '431', '500', '501', '503'].map((status) => ({
    name: `an operation that does not list ${status}`,
    rule: 'contract/operation-lists-its-errors',
    breakIt: (contract: Document) => {
      delete contract.paths['/api/coupons/{name}'].patch.responses[status];
    },
  })),
  {
    name: 'an example of a body that breaks its schema',
    rule: 'no-invalid-media-type-examples',
    breakIt: (contract) => {
      claim(contract).requestBody.content['application/json'].example.user_id = 7;
    },
  },
  {
    name: 'an example of an answer with a field that the schema lacks',
    rule: 'no-invalid-media-type-examples',
    breakIt: (contract) => {
      contract.paths['/health'].get.responses['200'].content['application/json'].example.uptime = 7;
    },
  },
  {
    name: 'an example of a schema that breaks it',
    rule: 'no-invalid-schema-examples',
    breakIt: (contract) => Object.assign(schema(contract, 'CouponName'), { examples: [''] }),
  },
  {
    name: 'an example of a parameter that breaks its schema',
    rule: 'no-invalid-parameter-examples',
    breakIt: (contract) => Object.assign(limit(contract), { example: 0 }),
  },
];

/** Lists the rules that each file breaks, each rule once. */
async function lint(files: string[]): Promise<Record<string, string[]>> {
  const cli = join(projectRoot, 'node_modules/@redocly/cli/bin/cli.js');
  const options = ['--format=github-actions', '--max-problems=1000'];
  // It fails because of the broken contracts.
  const { stdout } = await promisify(execFile)(process.execPath, [cli, 'lint', ...files, ...options], {
    cwd: projectRoot,
    env: { ...process.env, NODE_V8_COVERAGE: '', REDOCLY_TELEMETRY: 'off' },
    maxBuffer: 2 ** 26,
  }).catch((error) => error);
  const found: Record<string, Set<string>> = Object.fromEntries(
    files.map((file) => [basename(file), new Set()]),
  );
  for (const [, rule = '', file = ''] of stdout.matchAll(/^::error title=([^,]+),file=([^,]+),/gm)) {
    found[basename(file)]?.add(rule);
  }
  return Object.fromEntries(Object.entries(found).map(([file, rules]) => [file, [...rules]]));
}

t.test('the linter finds each broken contract by its rule, and nothing in the unbroken one', async (t) => {
  const contracts = [{ name: 'the contract', rule: undefined, breakIt: () => {} }, ...breaches].map(
    ({ breakIt }) => {
      const contract = structuredClone(readContract());
      breakIt(contract);
      return contract;
    },
  );
  const folder = t.testdir(
    Object.fromEntries(contracts.map((contract, i) => [`${i}.yaml`, JSON.stringify(contract)])),
  );
  const found = await lint(contracts.map((_, i) => join(folder, `${i}.yaml`)));
  t.strictSame(found['0.yaml'], [], 'the contract itself');
  for (const [i, { name, rule }] of breaches.entries()) t.strictSame(found[`${i + 1}.yaml`], [rule], name);
});
