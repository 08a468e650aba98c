import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import Fastify, { type FastifyInstance } from 'fastify';
import t, { type Test } from 'tap';
import { Listeners } from '../../src/http/listeners.js';
import { until } from '../support/until.js';

const CLIENTS = 100;

/** Serves a route that answers when `release` is called. */
async function startServer(t: Test) {
  const app = Fastify();
  const held: (() => void)[] = [];
  app.get('/', () => new Promise((resolve) => held.push(() => resolve('held'))));
  const listeners = new Listeners(app);
  t.teardown(() => app.close());
  await app.listen({ port: 0 });
  await listeners.copy();
  const release = () => {
    for (const answer of held.splice(0)) answer();
  };
  return { app, listeners, held, release };
}

async function connectAll(app: FastifyInstance): Promise<Socket[]> {
  const { port } = app.server.address() as { port: number };
  const clients = Array.from({ length: CLIENTS }, () => connect(port, '127.0.0.1'));
  await Promise.all(clients.map((client) => once(client, 'connect')));
  return clients;
}

async function isRefused(port: number): Promise<boolean> {
  const client = connect(port, '127.0.0.1');
  const error = await once(client, 'connect').then(
    () => undefined,
    (error: NodeJS.ErrnoException) => error,
  );
  client.destroy();
  return error?.code === 'ECONNREFUSED';
}

t.test('clients that connect at once are accepted in few turns of the event loop', async (t) => {
  const { app } = await startServer(t);
  let turn = 0;
  const turns = new Map<number, number>();
  app.server.on('connection', () => turns.set(turn, (turns.get(turn) ?? 0) + 1));
  let isOver = false;
  const counting = (async () => {
    for (; !isOver; turn++) await nextTurn();
  })();
  const clients = await connectAll(app);
  await until(
    'all connections',
    () => [...turns.values()].reduce((sum, count) => sum + count, 0) === CLIENTS,
  );
  isOver = true;
  await counting;
  t.ok(Math.max(...turns.values()) > 1, `${CLIENTS} connections in ${turns.size} turns`);
  for (const client of clients) client.destroy();
});

t.test('a close lets the requests of all connections finish, and accepts no more', async (t) => {
  const { app, held, release } = await startServer(t);
  const clients = await connectAll(app);
  const answers = clients.map(async (client) => {
    client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    const [chunk] = await once(client, 'data');
    return String(chunk);
  });
  await until('all requests', () => held.length === CLIENTS);
  const { port } = app.server.address() as { port: number };
  let isClosed = false;
  const closing = app.close().then(() => (isClosed = true));
  await until('the port is closed', () => isRefused(port));
  t.notOk(isClosed, 'while requests are in flight');
  release();
  for (const answer of await Promise.all(answers)) t.match(answer, /^HTTP\/1\.1 200 /);
  await closing;
});

t.test('an application that closes meanwhile gets no copies, and its port is closed', async (t) => {
  const app = Fastify();
  const listeners = new Listeners(app);
  await app.listen({ port: 0 });
  const { port } = app.server.address() as { port: number };
  const copying = listeners.copy();
  await app.close();
  await copying;
  await until('the port is closed', () => isRefused(port));
  t.equal(app.server.listening, false);
});
