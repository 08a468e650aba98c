import t from 'tap';
import { createClient } from '../../clients/typescript/src/index.js';
import { startApp } from '../support/app.js';
import { type MadeAnswer, type Move, problem, startFront } from './front.js';

/** Answers of somebody between the client and the service, such as a proxy or a login page. */

const html = { 'content-type': 'text/html' };
const strangers: Record<string, MadeAnswer> = {
  'a success without a body': { status: 200, headers: html },
  'a page': { status: 200, headers: html, body: '<p>Log in</p>' },
  'a success that decides nothing': { status: 202, body: { queued: true } },
  'no content': { status: 204 },
  'a text that should be JSON': {
    status: 200,
    headers: { 'content-type': 'application/json' },
    body: '<p>Log in</p>',
  },
};

for (const [name, answer] of Object.entries(strangers)) {
  t.test(`${name} is not taken for a claim`, async (t) => {
    const front = await startFront(t, '', () => answer);
    const client = createClient({ baseUrl: front.url });
    await t.rejects(client.claim('SUMMER', 'ada'), {
      code: 'unexpected_answer',
      status: answer.status,
      outcomeUnknown: true,
      attempts: 1,
    });
  });
}

t.test('an error of somebody else, with a code of their own, is no refusal', async (t) => {
  const front = await startFront(t, '', () => ({ status: 404, body: { code: 'NoSuchApplication' } }));
  const claim = createClient({ baseUrl: front.url }).claim('SUMMER', 'ada');
  await t.rejects(claim, { code: 'unexpected_answer', status: 404 });
});

t.test('a refusal after a lost attempt says that the lost one may still be made', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 1);
  await app.claim('SUMMER', 'grace');
  let moves: Move[] = ['cut before', 'pass'];
  const front = await startFront(t, app.url, () => moves.shift()!);
  const client = createClient({ baseUrl: front.url });
  const refusal = { ok: false, code: 'out_of_stock' };
  t.match(await client.claim('SUMMER', 'ada'), { ...refusal, attempts: 2, outcomeUnknown: true });
  moves = ['pass'];
  t.match(await client.claim('SUMMER', 'ada'), { ...refusal, attempts: 1, outcomeUnknown: false });
});

t.test('a time to wait that no timer can hold is waited for', async (t) => {
  const front = await startFront(t, '', () => problem(503, 'overloaded', { 'retry-after': '2592000' }));
  const abort = new AbortController();
  const client = createClient({
    baseUrl: front.url,
    onAttempt: () => setTimeout(() => abort.abort(new Error('enough')), 200),
  });
  await t.rejects(client.events({ signal: abort.signal }).next(), { message: 'enough' });
  t.equal(front.requests.length, 1);
});

t.test('the end of the log stays where it was, if an answer is lost behind it', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('OLD', 1);
  const moves: Move[] = ['pass', 'cut after'];
  const front = await startFront(t, app.url, () => moves.shift() ?? 'pass');
  const client = createClient({ baseUrl: front.url });
  const abort = new AbortController();
  t.teardown(() => abort.abort());
  const first = client.events({ after: 'now', signal: abort.signal }).next();
  while (front.requests.length < 2) await new Promise((resolve) => setImmediate(resolve));
  await app.createCoupon('ONE', 1);
  await app.createCoupon('TWO', 1);
  t.match(await first, { value: { subject: 'ONE' } });
});
