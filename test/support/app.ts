import type { AddressInfo } from 'node:net';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { FastifyInstance } from 'fastify';
import pino from 'pino';
import { buildApp } from '../../src/app.js';
import { readConfig } from '../../src/config.js';
import { type Contract, type Problem, readContract } from '../../src/contract.js';
import { databaseUrls } from '../../src/database/hosts.js';
import type { SecurityHandlers } from '../../src/http/security.js';
import type { Shape } from '../../src/shards/shape.js';
import { divided } from './all-shards.js';
import { deviations } from './contract.js';
import { createDatabase, type TestDatabase } from './database.js';
import { patience } from './patience.js';
import type { Scope } from './scope.js';

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  /** The parsed body. */
  json<T = Record<string, unknown>>(): T;
}

/** A client that checks every response against the contract. */
export interface Client {
  url: string;
  request(
    method: string,
    path: string,
    init?: { body?: unknown; raw?: string | Uint8Array<ArrayBuffer>; headers?: Record<string, string> },
  ): Promise<Answer>;
  createCoupon(name: string, amount: number): Promise<Answer>;
  getCoupon(
    name: string,
  ): Promise<{ name: string; amount: number; remaining_amount: number; state: string; claimed_by: string[] }>;
  claim(couponName: string, userId: string, headers?: Record<string, string>): Promise<Answer>;
}

export interface TestApp extends Client, Pick<TestDatabase, 'sql'> {
  database: TestDatabase;
  /** The parsed lines of the log. */
  log: Record<string, unknown>[];
}

/** Returns a client of the server at `url`. A response that breaks openapi.yaml fails the test. */
export function createClient(t: Scope, url: string): Client {
  const client: Client = {
    url,
    async request(method, path, { body, raw, headers = {} } = {}) {
      const response = await fetch(url + path, {
        method,
        headers: body === undefined ? headers : { 'Content-Type': 'application/json', ...headers },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(raw !== undefined && { body: raw }),
      });
      const text = await response.text();
      const found = deviations({
        method,
        path,
        status: response.status,
        headers: response.headers,
        body: text,
      });
      if (found.length > 0)
        t.fail(`${method} ${path.slice(0, 80)} conforms to openapi.yaml`, {
          found,
          status: response.status,
          text,
        });
      return { status: response.status, headers: response.headers, text, json: () => JSON.parse(text) };
    },
    createCoupon: (name, amount) => client.request('POST', '/api/coupons', { body: { name, amount } }),
    async getCoupon(name) {
      const answer = await client.request('GET', `/api/coupons/${encodeURIComponent(name)}`);
      return answer.json();
    },
    claim: (couponName, userId, headers = {}) =>
      client.request('POST', '/api/coupons/claim', {
        body: { coupon_name: couponName, user_id: userId },
        headers,
      }),
  };
  return client;
}

// fastify-openapi-glue compiles the schema of OpenAPI for each application. Once for each process saves a
// fifth of a second in every test.
const prototype = Validator.prototype as unknown as { getAjvValidator(version: string): unknown };
const { getAjvValidator } = prototype;
const validator = new Validator();
prototype.getAjvValidator = (version) => getAjvValidator.call(validator, version);

/** Read once: a test that changes a contract reads its own. */
const unchanged = readContract();

/** Starts the application on a free port, with its own database. Both end with the test. */
export async function startApp(
  t: Scope,
  {
    contract = unchanged,
    settings = {},
    securityHandlers = {},
    inspect = () => {},
    logLevel = 'debug',
    beside,
    shape,
  }: {
    contract?: Contract;
    settings?: Record<string, string>;
    securityHandlers?: SecurityHandlers;
    /** Gets the application before it listens: to add hooks. */
    inspect?: (app: FastifyInstance) => void;
    logLevel?: string;
    /** Another application, whose database this one shares. */
    beside?: TestApp;
    /** Of its database. That of the suite, unless given. */
    shape?: Shape;
  } = {},
): Promise<TestApp> {
  const testDatabase = beside?.database ?? (await createDatabase(t, shape && { shape }));
  const log: Record<string, unknown>[] = [];
  const logger = pino({ level: logLevel }, { write: (line: string) => log.push(JSON.parse(line)) });
  const config = readConfig(divided({ ...patience, DATABASE_URL: testDatabase.url, ...settings }));
  const app = await buildApp({
    config,
    databaseUrls: databaseUrls(config),
    logger,
    contract,
    securityHandlers,
  });
  // Teardowns run in reverse order: this one runs before the database is dropped.
  t.teardown(() => {
    const closed = app.close();
    // A client whose body was not read to its end would keep its connection until the keep-alive timeout.
    app.server.closeAllConnections();
    return closed;
  });
  inspect(app);
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as AddressInfo;
  const client = createClient(t, `http://127.0.0.1:${port}`);
  return { ...client, sql: testDatabase.sql, database: testDatabase, log };
}

/** Returns the warnings and errors about requests. Others may come from a database on a slow machine. */
export function requestWarnings({ log }: Pick<TestApp, 'log'>): object[] {
  return log.filter(({ level, reqId }) => Number(level) >= 40 && reqId !== undefined);
}

/** Counts the answers of each status: `{ 200: 5, 400: 45 }`. */
export function countStatuses(answers: { status: number }[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** Returns the problem in the body of an answer. */
export function problemIn(answer: Answer): Problem {
  return answer.json<Problem>();
}
