import t, { type Test } from 'tap';
import { operationsOf, readContract } from '../../src/contract.js';
import { isCitus } from '../support/all-shards.js';
import { type Answer, problemIn, startApp, type TestApp } from '../support/app.js';
import { UNDIVIDED } from '../support/database.js';
import { lockAwaited, lockCoupon } from '../support/locks.js';
import { startProxy } from '../support/proxy.js';
import { sendBytes } from '../support/raw-http.js';
import { requestBytes } from '../support/raw-requests.js';
import { answersOf } from '../support/seen-answers.js';

/** The answers that are the same for many operations: each operation that lists one gives it. */

interface Example {
  operationId: string;
  method: string;
  path: string;
  body?: object;
}
interface RequestBody {
  content: { 'application/json': { example?: object; examples?: Record<string, { value: object }> } };
}

const contract = readContract();
const listed = new Set(answersOf(contract));

/** A valid request of each operation, from the examples of the contract. */
const requests = operationsOf(contract).map(({ method, path, operation }): Example => {
  const { operationId, requestBody } = operation as { operationId: string; requestBody?: RequestBody };
  const media = requestBody?.content['application/json'];
  const body = media?.example ?? Object.values(media?.examples ?? {})[0]?.value;
  const filled = path.replace('{name}', 'SUMMER').replace('{user_id}', 'ada');
  return { operationId, method, path: filled, ...(body && { body }) };
});

const JSON_TYPE = 'Content-Type: application/json';

const send = (app: TestApp, { method, path, body }: Example, headers = {}) =>
  app.request(method, path, { headers, ...(body && { body }) });

/** Sends bytes that `change` has made from those of a valid request. */
function sendChanged(t: Test, app: TestApp, request: Example, change: (bytes: string) => string) {
  const { method, path, body } = request;
  const bytes = requestBytes(method, path, {
    headers: ['Connection: close', ...(body ? [JSON_TYPE] : [])],
    ...(body && { body: JSON.stringify(body) }),
  });
  return sendBytes(t, app.url, [change(bytes)], { method, path });
}

/** Asks each operation that lists the answer, all at the same time. */
async function eachAnswers(
  t: Test,
  status: number,
  code: string,
  ask: (request: Example) => Promise<Answer>,
): Promise<void> {
  const those = requests.filter(({ operationId }) => listed.has(`${operationId} ${status} ${code}`));
  t.not(those.length, 0);
  const answers = await Promise.all(
    those.map(async (request) => {
      const answer = await ask(request);
      return [request.operationId, answer.status, problemIn(answer).code];
    }),
  );
  t.strictSame(
    answers,
    those.map(({ operationId }) => [operationId, status, code]),
  );
}

t.test('what no operation accepts', async (t) => {
  const app = await startApp(t);
  const firstLine = /\r\n/;
  await eachAnswers(t, 400, 'invalid_request', (request) =>
    send(app, { ...request, path: `${request.path}?colour=red` }),
  );
  await eachAnswers(t, 400, 'invalid_body', (request) => send(app, { ...request, body: [] }));
  await eachAnswers(t, 413, 'payload_too_large', (request) =>
    send(app, { ...request, body: { name: 'x'.repeat(2 ** 20) } }),
  );
  await eachAnswers(t, 415, 'unsupported_media_type', (request) =>
    send(app, request, { 'Content-Type': 'text/plain' }),
  );
  await eachAnswers(t, 400, 'malformed_http', (request) =>
    sendChanged(t, app, request, (bytes) => bytes.replace(firstLine, '\r\nHost: other\r\n')),
  );
  await eachAnswers(t, 431, 'headers_too_large', (request) =>
    sendChanged(t, app, request, (bytes) =>
      bytes.replace(firstLine, `\r\nX-Long: ${'x'.repeat(20_000)}\r\n`),
    ),
  );
  await eachAnswers(t, 501, 'not_implemented', (request) =>
    sendChanged(t, app, request, (bytes) =>
      bytes
        .replace(firstLine, '\r\nTransfer-Encoding: gzip, chunked\r\n')
        .replace(/Content-Length.*\r\n/, ''),
    ),
  );
});

t.test('a request that does not arrive in time', async (t) => {
  const app = await startApp(t, { contract: { ...contract, 'x-request-ms-max': 1_000 } });
  await eachAnswers(t, 408, 'request_timeout', (request) =>
    sendChanged(t, app, request, (bytes) => bytes.replace(/\r\n\r\n.*$/s, '\r\n')),
  );
});

t.test('a request without a key, and with the key of another scope', async (t) => {
  const keys = { ADMIN_API_KEYS: 'admin-0123456789', CLAIM_API_KEYS: 'claim-0123456789' };
  const app = await startApp(t, { settings: { ...keys, READ_API_KEYS: 'read-01234567890' } });
  await eachAnswers(t, 401, 'unauthorized', (request) => send(app, request));
  await eachAnswers(t, 403, 'forbidden', async (request) => {
    const isClaim = request.operationId.startsWith('claimCoupon');
    const key = isClaim ? 'read-01234567890' : 'claim-0123456789';
    return send(app, request, { Authorization: `Bearer ${key}` });
  });
});

t.test('more requests than the operator allows', async (t) => {
  const app = await startApp(t, { settings: { RATE_LIMIT_PER_SECOND: '1' } });
  await eachAnswers(t, 429, 'rate_limited', async (request) => {
    for (;;) {
      const answer = await send(app, request);
      if (answer.status === 429) return answer;
    }
  });
});

t.test('a defect of the server', async (t) => {
  const app = await startApp(t, {
    inspect: (app) =>
      app.addHook('preHandler', async () => {
        throw new Error('a defect');
      }),
  });
  await eachAnswers(t, 500, 'internal_error', (request) => send(app, request));
});

/** Locks the tables, so that each statement waits. Returns a function that releases the lock. */
async function lockTables({ sql }: TestApp): Promise<() => Promise<void>> {
  const connection = await sql.reserve();
  await connection`begin`;
  await connection`lock table coupons, claims, events, event_log, released_claims in access exclusive mode`;
  return async () => {
    await connection`rollback`;
    connection.release();
  };
}

const skip = isCitus && 'a lock of the views does not reach the nodes';

t.test('a database that does not answer', { skip }, async (t) => {
  const app = await startApp(t, { settings: { STATEMENT_TIMEOUT_MS: '300', LOCK_TIMEOUT_MS: '100' } });
  await app.createCoupon('SUMMER', 5);
  const unlock = await lockTables(app);
  await eachAnswers(t, 503, 'database_unavailable', (request) => send(app, request));
  await unlock();
});

t.test('a database that is too slow for all who ask', async (t) => {
  const settings = { CLAIM_LANES: '1', DATABASE_CONNECTIONS_MAX: '6', CLAIM_WAIT_TIMEOUT_MS: '1000' };
  const app = await startApp(t, { settings, shape: UNDIVIDED });
  await app.createCoupon('SUMMER', 5);
  const unlock = await lockTables(app);
  const waiting = requests.flatMap((request) => Array.from({ length: 5 }, () => send(app, request)));
  await eachAnswers(t, 503, 'overloaded', (request) => send(app, request));
  await unlock();
  await Promise.all(waiting);
});

t.test('a database that is gone in the middle of a claim', async (t) => {
  const beside = await startApp(t);
  const proxy = await startProxy(t, beside.database.url);
  const app = await startApp(t, {
    settings: { CLAIM_OUTCOME_TIMEOUT_MS: '300' },
    beside: { ...beside, database: { ...beside.database, url: proxy.url } },
  });
  await beside.createCoupon('SUMMER', 5);
  const unlock = await lockCoupon(t, beside.sql, 'SUMMER');
  await eachAnswers(t, 503, 'outcome_unknown', async (request) => {
    const answer = send(app, request);
    await lockAwaited(beside.sql);
    await proxy.close();
    return answer;
  });
  await unlock();
});
