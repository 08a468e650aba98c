import { operationsOf, readContract } from '../../src/contract.js';
import type { Answer } from './app.js';

/** An example of the contract. */
export interface Documented {
  /** NaN for the body of a request. */
  status: number;
  /** The headers that have an example. X-Request-Id is left out: each request has its own. */
  headers: Record<string, string>;
  /** A stream is its text. */
  body: unknown;
}

interface Holder {
  $ref?: string;
  headers?: Record<string, { $ref?: string; example?: string }>;
  content?: Record<string, { example?: unknown; examples?: Record<string, { value: unknown }> }>;
}

const contract = readContract();
const { responses: sharedResponses = {}, headers: sharedHeaders = {} } = contract.components as {
  responses?: Record<string, Holder>;
  headers?: Record<string, { example?: string }>;
};

/**
 * The examples by their names: `Forbidden` is the one of a shared response, `claimCoupon 400 soldOut` one of
 * an operation, `createCoupon request open` one of its bodies. A media type is named if there are several.
 * Those of `default` are left out: the server answers nothing by it.
 */
export const examples = new Map<string, Documented>();

for (const { operation } of operationsOf(contract)) {
  const { operationId, responses, requestBody } = operation as typeof operation & { requestBody?: Holder };
  add(`${operationId} request`, Number.NaN, requestBody);
  for (const [status, response] of Object.entries(responses as Record<string, Holder>)) {
    const name = response.$ref?.split('/').at(-1);
    if (status === 'default') continue;
    add(name ?? `${operationId} ${status}`, Number(status), name ? sharedResponses[name] : response);
  }
}

function add(owner: string, status: number, { headers = {}, content = {} }: Holder = {}): void {
  const withExample = Object.entries(headers).flatMap(([name, header]) => {
    const { example } = header.$ref ? (sharedHeaders[header.$ref.split('/').at(-1) ?? ''] ?? {}) : header;
    return example === undefined || name === 'X-Request-Id' ? [] : [[name, example] as const];
  });
  for (const [type, { example, examples: named }] of Object.entries(content)) {
    const name = Object.keys(content).length > 1 ? `${owner} ${type}` : owner;
    const values: [string, unknown][] = Object.entries(named ?? {}).map(([key, { value }]) => [
      `${name} ${key}`,
      value,
    ]);
    if (example !== undefined) values.push([name, example]);
    for (const [key, body] of values) {
      examples.set(key, { status, headers: Object.fromEntries(withExample), body });
    }
  }
}

/**
 * Brings an answer and an example into the same form: status, body, and those headers that have an example.
 * @param mask replaces in both texts what differs from run to run.
 */
export function sideBySide(answer: Answer, example: Documented, mask = (text: string) => text) {
  const { status, headers, body } = example;
  const isText = typeof body === 'string';
  // Some headers come with one code of the status only.
  const present = Object.entries(headers).filter(([name]) => answer.headers.has(name));
  const text = mask(answer.text);
  return {
    shown: {
      status: answer.status,
      headers: present.map(([name]) => [name, answer.headers.get(name)]),
      body: isText ? text : JSON.parse(text),
    },
    expected: {
      status,
      headers: present,
      body: isText ? mask(body) : JSON.parse(mask(JSON.stringify(body))),
    },
  };
}
