import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import type { Event } from '../../src/events/event.js';
import { startApp } from '../support/app.js';
import { users } from '../support/crowd.js';
import { createDatabase } from '../support/database.js';
import { inWords, readAll } from '../support/events.js';
import { startService } from '../support/process.js';
import { openRawConnection } from '../support/raw-connection.js';
import { until } from '../support/until.js';

interface Stream {
  response: IncomingMessage;
  /** The messages so far. */
  messages: { id: string; event: string; data: Event }[];
  comments: string[];
  isOver(): boolean;
}

async function openStream(
  t: Test,
  url: string,
  headers: Record<string, string> = {},
  query = '',
): Promise<Stream> {
  const request = get(`${url}/api/events${query}`, {
    agent: false,
    headers: { Accept: 'text/event-stream', ...headers },
  });
  t.teardown(() => request.destroy());
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const stream: Stream = { response, messages: [], comments: [], isOver: () => response.closed };
  let rest = '';
  response.on('error', () => {});
  response.setEncoding('utf8').on('data', (text: string) => {
    const blocks = (rest + text).split('\n\n');
    rest = blocks.pop() ?? '';
    for (const block of blocks) {
      if (block.startsWith(':')) stream.comments.push(block);
      else stream.messages.push(parse(block));
    }
  });
  return stream;
}

function parse(block: string) {
  const [id = '', event = '', data = ''] = block.split('\n').map((line) => line.replace(/^\w+: /, ''));
  return { id, event, data: JSON.parse(data) };
}

const wordsOf = ({ messages }: Stream) => messages.map(({ data }) => inWords(data));

t.test('a client gets a stream if it accepts nothing that it would rather have', async (t) => {
  const app = await startApp(t);
  const typeFor = async (accept: string | undefined) => {
    const leaving = new AbortController();
    const headers = accept === undefined ? {} : { accept };
    const response = await fetch(`${app.url}/api/events`, { headers, signal: leaving.signal });
    leaving.abort();
    return response.headers.get('content-type')?.split(';')[0];
  };
  for (const accept of [
    'text/event-stream',
    'Text/Event-Stream;q=0.9',
    'text/event-stream, application/json;q=0.9',
  ]) {
    t.equal(await typeFor(accept), 'text/event-stream', accept);
  }
  const pages = [
    undefined,
    '*/*',
    'application/json',
    'text/event-streams',
    'application/json, text/event-stream',
  ];
  for (const accept of pages) t.equal(await typeFor(accept), 'application/json', String(accept));
});

t.test('a stream has the events of the log, and those that come, with their cursors as ids', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 500);
  const stream = await openStream(t, app.url);
  t.equal(stream.response.statusCode, 200);
  t.match(stream.response.headers, {
    'content-type': /^text\/event-stream/,
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
    'x-request-id': String,
  });
  await Promise.all(users(300).map((user) => app.claim('SUMMER', user)));
  await until('all events', () => stream.messages.length === 301);
  const all = await readAll(app);
  t.same(
    stream.messages,
    all.map((data) => ({ id: data.id, event: data.type, data })),
  );

  const middle = all[100]!.id;
  const resumed = await openStream(t, app.url, { 'Last-Event-ID': middle }, `?after=${all[5]!.id}`);
  await until('the rest', () => resumed.messages.length >= 200);
  t.same(wordsOf(resumed), all.slice(101).map(inWords), 'Last-Event-ID resumes, and wins over after');
  const after = await openStream(t, app.url, {}, `?after=${middle}`);
  await until('the rest', () => after.messages.length >= 200);
  t.same(wordsOf(after), all.slice(101).map(inWords));
});

t.test('a silent stream has a comment every 15 seconds, and lives on', async (t) => {
  const app = await startApp(t);
  const stream = await openStream(t, app.url);
  t.same(stream.messages, []);
  await until('the head', () => stream.comments.length === 1);
  await until('a heartbeat', () => stream.comments.length === 2);
  await app.createCoupon('SUMMER', 5);
  await until('an event', () => stream.messages.length === 1);
  t.same(stream.comments, [': the events follow', ': no event']);
});

t.test(
  'errors are answered as problems before a stream begins, and streams are bounded in number',
  async (t) => {
    const app = await startApp(t, { settings: { EVENT_FOLLOWERS_MAX: '1' } });
    const headers = { Accept: 'text/event-stream' };
    const expired = await app.request('GET', '/api/events?after=1-ab-7-0', { headers });
    t.equal(expired.status, 410);
    await app.createCoupon('SUMMER', 5);
    const stream = await openStream(t, app.url);
    await until('the stream', () => stream.messages.length === 1);
    t.equal((await app.request('GET', '/api/events', { headers })).status, 503);
    stream.response.destroy();
    const next = () => openStream(t, app.url);
    await until('room for another one', async () => (await next()).response.statusCode === 200);
  },
);

t.test('streams behind another one of a connection that was closed leave their places', async (t) => {
  const app = await startApp(t, { settings: { EVENT_FOLLOWERS_MAX: '4' } });
  await app.createCoupon('SUMMER', 500);
  // More text than a response takes at once.
  await Promise.all(users(200).map((user) => app.claim('SUMMER', user)));
  const connection = openRawConnection(app.url);
  const request = 'GET /api/events?limit=1000 HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n';
  connection.send(request.repeat(4));
  await until('the first stream', () => connection.rest().length > 0);
  const headers = { Accept: 'text/event-stream' };
  t.equal((await app.request('GET', '/api/events', { headers })).status, 503);
  connection.socket.destroy();
  let open = 0;
  await until('room for as many as before', async () => {
    if ((await openStream(t, app.url)).response.statusCode === 200) open++;
    return open === 4;
  });
});

t.test('a stream ends when its cursor expires', async (t) => {
  const app = await startApp(t);
  await app.createCoupon('SUMMER', 5);
  const stream = await openStream(t, app.url);
  await until('the event', () => stream.messages.length === 1);
  await app.sql`update event_log set epoch = default`;
  await until('the end', stream.isOver);
  t.ok(stream.response.complete, 'in order');
});

t.test('a stream outlives a database that is away', async (t) => {
  const app = await startApp(t);
  const stream = await openStream(t, app.url);
  await until('the head', () => stream.comments.length === 1);
  await app.sql`alter table events rename to hidden`;
  await until('a comment after a failure', () => stream.comments.length >= 2);
  await app.sql`alter table hidden rename to events`;
  await app.createCoupon('SUMMER', 5);
  await until('the event', () => stream.messages.length === 1);
  await app.sql`alter table event_log drop column epoch`;
  await until('the end, after an error of another kind', stream.isOver);
  t.notOk(stream.response.complete);
});

t.test('a client that takes nothing is cut, and the server does not read on for it', async (t) => {
  let isCut = false;
  const inspect = (app: FastifyInstance) =>
    app.addHook('onRequest', async (_request, reply) => void reply.raw.once('close', () => (isCut = true)));
  const app = await startApp(t, { inspect });
  await app.sql`
    insert into events (type, coupon_names, user_ids, claim_numbers)
    select 'claim.made', array_agg('COUPON'::text), array_agg(repeat('x', 250)), array_agg(number)
    from generate_series(1, 100000) as number group by number / 100`;
  const stream = await openStream(t, app.url);
  stream.response.pause();
  await until('the cut', () => isCut);
  stream.response.resume();
  await until('the end', stream.isOver);
  t.notOk(stream.response.complete, 'the client sees that it was cut');
  t.ok(stream.messages.length > 0 && stream.messages.length < 50_000, `${stream.messages.length} messages`);
});

t.test('a stop ends streams and waiting reads at once, in order, and the exit code is 0', async (t) => {
  const { url } = await createDatabase(t);
  const service = startService(t, { DATABASE_URL: url, SHUTDOWN_TIMEOUT_MS: '100000' });
  const client = await service.listening();
  await client.createCoupon('SUMMER', 5);
  const stream = await openStream(t, client.url);
  await until('the event', () => stream.messages.length === 1);
  const after = stream.messages[0]!.id;
  const waiting = client.request('GET', `/api/events?after=${after}&wait=30`);
  const startedAt = performance.now();
  // The read that waits is in before the stop: a read after it on the same server has been answered.
  await client.request('GET', `/api/events?after=${after}&wait=1`);
  service.signal('SIGTERM');
  await until('the end', stream.isOver);
  t.ok(stream.response.complete);
  t.same((await waiting).json(), { items: [], next_cursor: after });
  t.equal(await service.exited(), 0);
  t.ok(performance.now() - startedAt < 20_000, 'it does not wait for the end of the 30 seconds');
  t.notOk(service.log.some(({ msg }) => msg.includes('cutting off')));
});
