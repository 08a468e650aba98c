import t from 'tap';
import { startApp } from '../support/app.js';
import { until } from '../support/until.js';

t.test('200: the service is healthy', async (t) => {
  const app = await startApp(t);
  // A slow machine may need more than the two seconds that a check has, while the first connection is made.
  let answer = await app.request('GET', '/health');
  await until('the service is healthy', async () => {
    answer = await app.request('GET', '/health');
    return answer.status === 200;
  });
  t.match(answer.headers.get('content-type'), /^application\/json\b/);
  t.equal(answer.text, '{"status":"healthy"}');
});

t.test('200: fifty health checks at once are all answered', async (t) => {
  const app = await startApp(t);
  const answers = await Promise.all(Array.from({ length: 50 }, () => app.request('GET', '/health')));
  t.ok(answers.every((answer) => answer.text === '{"status":"healthy"}'));
});
