import t from 'tap';
import { type Answer, startApp } from '../support/app.js';

const app = await startApp(t);

const requests: [string, (headers: Record<string, string>) => Promise<Answer>][] = [
  ['a health check', (headers) => app.request('GET', '/health', { headers })],
  ['a read', (headers) => app.request('GET', '/api/coupons/SUMMER', { headers })],
  ['a claim', (headers) => app.claim('SUMMER', 'ada', headers)],
  ['a create', (headers) => app.request('POST', '/api/coupons', { body: { name: 'A', amount: 1 }, headers })],
  ['a bad request', (headers) => app.request('POST', '/api/coupons', { body: {}, headers })],
  ['an unknown path', (headers) => app.request('GET', '/nowhere', { headers })],
  ['another method', (headers) => app.request('DELETE', '/health', { headers })],
  ['an undecodable path', (headers) => app.request('GET', '/api/coupons/%zz', { headers })],
];

for (const [title, send] of requests) {
  t.test(`${title} gets its own X-Request-Id back`, async (t) => {
    for (const id of ['a', 'x'.repeat(128), 'AZaz09._:/+=-', '0af7651916cd43dd-8448eb211c80319c'])
      t.equal((await send({ 'X-Request-Id': id })).headers.get('x-request-id'), id);
  });

  t.test(`${title} without a valid X-Request-Id gets a new one`, async (t) => {
    const unusable = ['x'.repeat(129), 'a b', 'a,b', '"a"', 'a;b', '{}', '<script>', 'caf\u00e9', ''];
    const seen = new Set<string>();
    for (const id of unusable) {
      const answer = await send({ 'X-Request-Id': id });
      t.not(answer.headers.get('x-request-id'), id);
      seen.add(answer.headers.get('x-request-id') ?? '');
    }
    seen.add((await send({})).headers.get('x-request-id') ?? '');
    t.equal(seen.size, unusable.length + 1, 'no id is given twice');
    for (const id of seen) t.match(id, /^[\w.:/+=-]{1,128}$/);
  });
}

t.test('the log line of a request has the id of its response', async (t) => {
  const answer = await app.request('GET', '/api/coupons/WINTER');
  const id = answer.headers.get('x-request-id');
  // The line is written after the response, and before the next request is answered.
  await app.request('GET', '/health');
  t.match(
    app.log.filter((line) => line['reqId'] === id),
    [{ method: 'GET', url: '/api/coupons/WINTER', status: 404 }],
  );
});
