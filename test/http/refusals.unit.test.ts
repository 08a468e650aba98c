import { setTimeout as sleep } from 'node:timers/promises';
import Fastify from 'fastify';
import t from 'tap';
import { refuse } from '../../src/http/overload.js';

t.test('refusals are held if there are many, but not those of requests that have waited', async (t) => {
  const app = Fastify();
  t.teardown(() => app.close());
  // As in the service: Fastify measures requests for those who ask at their end.
  app.addHook('onResponse', (_request, _reply, done) => done());
  app.get('/', (_request, reply) => refuse(reply));
  app.get('/waits', async (_request, reply) => {
    await sleep(1_200);
    refuse(reply);
    return reply;
  });
  // Held refusals alone keep no process alive.
  await app.listen({ host: '127.0.0.1', port: 0 });
  const waits = app.inject('/waits');
  await sleep(1_000);
  let answered = 0;
  const many = Array.from({ length: 1_000 }, async () => {
    const { statusCode } = await app.inject('/');
    answered++;
    return statusCode;
  });
  const { statusCode, headers } = await waits;
  t.ok(answered < many.length, 'others are still held');
  t.equal(statusCode, 503);
  t.match(headers['retry-after'], /^[1-5]$/);
  t.ok(
    (await Promise.all(many)).every((status) => status === 503),
    'all are answered',
  );
});
